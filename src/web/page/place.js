/**
 * Where somebody is in a part of the page that is about to be built anew with the same content: what has the focus, what is
 * unfolded, how far it is scrolled. Taken before, `restore` gives it back after; false when what had the focus is gone.
 */
export function placeIn(part) {
  const focused = part.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const unfolded = [...part.querySelectorAll("details")].map((d) => d.open);
  const scrolled = part.scrollTop;
  return {
    restore() {
      for (const [i, details] of [...part.querySelectorAll("details")].entries())
        details.open = unfolded[i] ?? false;
      const element =
        focused === null ? undefined : [...part.querySelectorAll("*")].find((e) => keyOf(e) === focused);
      element?.focus({ preventScroll: true });
      part.scrollTop = scrolled;
      return element !== undefined;
    },
  };
}

/** What an element that can be focused is known by. */
function keyOf(element) {
  const { id, tagName, dataset } = element;
  const said = ["BUTTON", "SUMMARY"].includes(tagName) ? element.textContent : "";
  return [
    tagName,
    id,
    dataset.id,
    element.getAttribute("aria-label"),
    element.getAttribute("href"),
    said,
  ].join("\n");
}
