import { byId, h, icon } from "./dom.js";
import { cropPicture, verdictMark } from "./passes.js";
import { plateFace } from "./plate.js";
import { directions, momentOf, percent, verdicts } from "./say.js";

/**
 * The vehicle at the gate now, while it is being read, and the last one once it is decided. `clock` tells the time of the
 * appliance in ms.
 */
export function createLastPanel({ onOpen, clock }) {
  const body = byId("last-body");
  let reading = null;
  let pass = null;

  return {
    sighting(now) {
      if (now.phase === "end" && reading?.trackId === now.trackId) reading = null;
      else if (pass?.trackId !== now.trackId && now.phase !== "end") reading = now;
      draw();
    },
    /** The last pass on record, null for none. */
    known(now, fresh) {
      if (now !== null) this.pass(now, fresh);
      else if (pass === null && reading === null)
        body.replaceChildren(h("p", { class: "empty" }, "No vehicle has been seen yet."));
    },
    /** Midnight has passed. */
    day: draw,
    /** `fresh`: it happened just now, so it is said aloud. */
    pass(now, fresh) {
      // One from when the clock was ahead does not stay the last one until its date has come.
      const since = pass === null || pass.startedAt > clock() ? Number.NEGATIVE_INFINITY : pass.startedAt;
      if (pass?.id !== now.id && now.startedAt < since) return;
      const changed = pass?.id !== now.id || pass.verdict !== now.verdict;
      pass = now;
      if (reading?.trackId === now.trackId) reading = null;
      draw();
      if (fresh && changed)
        byId("announce").textContent =
          `${verdicts[now.verdict]}: ${[...now.plate].join(" ")}. ${now.sentence}`;
    },
  };

  function draw() {
    if (reading !== null) body.replaceChildren(being(reading));
    else if (pass !== null) body.replaceChildren(decided(pass));
  }

  function being(sighting) {
    return h(
      "div",
      { class: "last-pass reading" },
      plateFace(sighting.plate, null, "large"),
      h("p", { class: "verdict reading" }, icon(sighting.direction), "Reading"),
      h(
        "p",
        { class: "sentence" },
        `${percent(sighting.probability)} sure after ${sighting.frames} frame${sighting.frames === 1 ? "" : "s"}, ${directions[sighting.direction]}.`,
      ),
    );
  }

  function decided(now) {
    const open = (event) => {
      event.preventDefault();
      onOpen(now.id);
    };
    return h(
      "a",
      { class: `last-pass ${now.verdict}`, href: `#pass/${encodeURIComponent(now.id)}`, onclick: open },
      plateFace(now.plate, now.chars, "large"),
      h(
        "span",
        { class: "last-row" },
        cropPicture(now),
        h("span", { class: "last-words" }, verdictMark(now.verdict), h("time", {}, momentOf(now.startedAt))),
      ),
      h("span", { class: "sentence" }, now.sentence),
    );
  }
}
