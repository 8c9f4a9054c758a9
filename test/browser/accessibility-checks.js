/* Runs in the page. Checks names, labels, headings, ids and the contrast of every visible text against WCAG AA. */
(() => {
  const problems = [];
  const open = document.querySelector("dialog[open]");
  const scope = open ?? document.body;
  const visible = (e) =>
    e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !e.closest("[aria-hidden=true], .unseen, .skip");
  const where = (e) =>
    `${e.tagName.toLowerCase()}${e.id ? `#${e.id}` : ""}${e.classList.length > 0 ? `.${[...e.classList].join(".")}` : ""}`;

  if (document.documentElement.lang === "") problems.push("the document names no language");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i)))
    problems.push(`the id ${id} is there twice`);
  for (const e of document.querySelectorAll("[aria-labelledby]"))
    if (
      document.getElementById(e.getAttribute("aria-labelledby")) === null &&
      (e.tagName !== "DIALOG" || e.open)
    )
      problems.push(`${where(e)} is labelled by nothing`);
  for (const e of document.querySelectorAll("svg use"))
    if (document.querySelector(e.getAttribute("href")) === null)
      problems.push(`the sign ${e.getAttribute("href")} is missing`);

  for (const e of scope.querySelectorAll("a, button, input, select, video, summary")) {
    if (!visible(e)) continue;
    const labels = e.labels ? [...e.labels].map((l) => l.textContent).join(" ") : "";
    const inner = [...e.querySelectorAll("[aria-label]")].map((l) => l.getAttribute("aria-label")).join(" ");
    if (`${e.getAttribute("aria-label") ?? ""}${labels}${e.textContent}${inner}`.trim() === "")
      problems.push(`${where(e)} has no name`);
  }
  for (const e of scope.querySelectorAll("img"))
    if (!e.hasAttribute("alt")) problems.push(`${where(e)} has no alt`);

  let level = 0;
  for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(e.tagName[1]);
    if (now > level + 1) problems.push(`${where(e)} skips a level of headings`);
    level = now;
  }
  for (const landmark of ["main", "header", "h1"])
    if (document.querySelectorAll(landmark).length === 0) problems.push(`there is no ${landmark}`);

  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const e = node.parentElement;
    if (node.textContent.trim() === "" || !visible(e) || e.closest("svg, option, .veil")) continue;
    const style = getComputedStyle(e);
    const ground = groundOf(e);
    const ratio = contrast(over(parse(style.color), ground), ground);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5))
      problems.push(
        `${where(e)} "${node.textContent.trim().slice(0, 20)}" has a contrast of ${ratio.toFixed(2)}`,
      );
  }
  return [...new Set(problems)];

  function groundOf(element) {
    const layers = [];
    for (let e = element; e !== null; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  }
  function over([r, g, b, a], [r2, g2, b2]) {
    return [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
  }
  function parse(colour) {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  }
  function contrast(a, b) {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  }
  function luminance([r, g, b]) {
    const [x, y, z] = [r, g, b].map((v) =>
      v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  }
})();
