/** Builds an element: `h("p", { class: "note", onclick: f }, "text", child)`. Text is never read as HTML. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** The element with this id; a page without it is a broken page. */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element;
}

/** Sets the text only when it changed, so that screen readers and selections are left in peace. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A symbol of the sprite in the page. Without a label it is decoration. */
export function icon(name, label) {
  const use = s("use", { href: `#i-${name}` });
  const hidden = label === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  return s("svg", { class: `icon icon-${name}`, viewBox: "0 0 20 20", ...hidden }, use);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}
