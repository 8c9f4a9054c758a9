import { h } from "./dom.js";

/** What the decision was made from, as it was stored: names and values, nested as they are. */
export function evidenceTable(decision, replay) {
  const raw = JSON.stringify(decision.evidence, null, 2);
  const copy = (event) => {
    navigator.clipboard?.writeText(raw).then(() => {
      event.target.textContent = "Copied";
    });
  };
  return h(
    "details",
    { class: "evidence" },
    h("summary", {}, "What the decision was made from"),
    replay === null ? null : h("p", { class: replay.same ? "hint" : "hint wrong" }, replayed(replay)),
    tree(decision.evidence, 0),
    h("button", { type: "button", class: "plain", onclick: copy }, "Copy as JSON"),
  );
}

function replayed(replay) {
  if (replay.same) return "Decided again just now from what was kept, with the same answer.";
  return `Decided again just now from what was kept, the answer is ${replay.verdict} (${replay.reason}): tell the maker.`;
}

function tree(value, depth) {
  if (value === null || typeof value !== "object") return h("span", { class: "value" }, short(value));
  const entries = Object.entries(value);
  if (entries.length === 0) return h("span", { class: "value" }, "none");
  // Rows of probabilities say nothing one by one; the copy has them.
  if (
    Array.isArray(value) &&
    value.every((v) => typeof v === "number" || Array.isArray(v)) &&
    entries.length > 8
  )
    return h("span", { class: "value" }, `${entries.length} values`);
  if (depth > 4) return h("span", { class: "value" }, "…");
  return h(
    "dl",
    { class: "pairs" },
    entries.flatMap(([name, inner]) => [h("dt", {}, words(name)), h("dd", {}, tree(inner, depth + 1))]),
  );
}

function short(value) {
  if (typeof value === "number")
    return Number.isInteger(value) ? String(value) : String(Math.round(value * 10_000) / 10_000);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null || value === "" ? "none" : String(value);
}

/** `lastFrameAtMs` → `last frame at ms` */
function words(name) {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}
