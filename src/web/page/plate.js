import { h } from "./dom.js";
import { percent } from "./say.js";

/** Below this a character is marked as weak: somebody should look at the picture. */
export const WEAK = 0.9;

/**
 * A plate as it is read: every character in its own cell with a bar under it that says how sure the reading is.
 * `chars` has one probability for each character; null: not known.
 */
export function plateFace(text, chars, size = "") {
  const known = chars !== null && chars.length === text.length;
  const weak = known ? [...text].filter((_, i) => chars[i] < WEAK) : [];
  const said = [...text].join(" ") + (weak.length > 0 ? `; not sure of ${weak.join(", ")}` : "");
  return h(
    "span",
    {
      class: `plate ${size}`,
      role: "img",
      vars: { "--n": String(Math.max(7, text.length)) },
      "aria-label": text === "" ? "plate not readable" : `plate ${said}`,
    },
    text === ""
      ? h("span", { class: "plate-none" }, "not readable")
      : [...text].map((char, i) => cell(char, known ? chars[i] : null)),
  );
}

function cell(char, probability) {
  const state = probability === null ? "" : probability < 0.6 ? "poor" : probability < WEAK ? "weak" : "sure";
  return h(
    "span",
    {
      class: `cell ${state}`,
      title: probability === null ? undefined : `${char}: ${percent(probability)}`,
      vars: probability === null ? {} : { "--sure": sureness(probability).toFixed(3) },
    },
    h("b", {}, char),
    h("i", {}),
  );
}

/** Length of the bar, 0..1: each nine of the probability counts the same, as 0.9 and 0.99 differ more than they look. */
function sureness(p) {
  return Math.min(1, Math.max(0.06, -Math.log10(1 - Math.min(p, 0.9995)) / 3.3));
}
