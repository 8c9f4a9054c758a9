import { byId, h, s, setText } from "./dom.js";
import { momentOf, span } from "./say.js";

const WORDS = {
  unknown: "Position unknown",
  closed: "Closed",
  opening: "Opening",
  open: "Open",
  closing: "Closing",
  "held-open": "Held open",
  stopped: "Stopped",
  fault: "Fault",
};

/** Outputs first; anything else that is wired comes after in its own order. */
const ORDER = [
  "lift",
  "close",
  "hold",
  "red",
  "green",
  "warn",
  "loop",
  "beam",
  "presence",
  "exit",
  "fire",
  "stop",
  "closed",
  "open",
];
const INPUTS = ["loop", "beam", "presence", "exit", "fire", "stop", "closed", "open"];

/** The barrier: a drawing that moves like it, the state in a word, and every line as a lamp. */
export function createGatePanel() {
  const panel = byId("gate");
  const parts = drawing();
  byId("gate-drawing").append(parts.svg);
  let view = null;
  let alive = true;
  setInterval(since, 1000);

  return {
    show(now) {
      view = now;
      panel.dataset.state = now.state;
      // "Open." below "Open" would say it twice.
      setText(byId("gate-sentence"), now.sentence === `${WORDS[now.state]}.` ? "" : now.sentence);
      setText(byId("gate-dry"), notice(now));
      byId("gate-dry").hidden = notice(now) === "";
      alarms(now.alarms ?? []);
      parts.svg.dataset.red = String(now.lines.red === true);
      parts.svg.dataset.green = String(now.lines.green === true);
      parts.svg.dataset.loop = String(now.lines.loop === true || now.lines.beam === true);
      tiles(now.lines);
      say();
      since();
    },
    /** False: what is shown is what was known last. */
    link(now) {
      alive = now;
      say();
    },
  };

  function say() {
    if (view === null) return;
    const word = WORDS[view.state] ?? view.state;
    setText(byId("gate-state"), alive ? word : `Last known: ${word.toLowerCase()}`);
    parts.svg.setAttribute("aria-label", `Barrier: ${word}`);
  }

  function alarms(now) {
    const list = byId("gate-alarms");
    const shown = JSON.stringify(now.map((a) => [a.code, a.sentence, momentOf(a.sinceAt)]));
    // Said aloud once, when it comes, and not again with every change of a line.
    if (list.dataset.shown === shown) return;
    list.dataset.shown = shown;
    list.replaceChildren(
      ...now.map((a) => h("li", {}, a.sentence, h("small", {}, ` since ${momentOf(a.sinceAt)}`))),
    );
  }

  function since() {
    if (view !== null)
      setText(byId("gate-since"), `since ${momentOf(view.sinceAt)}, ${span(Date.now() - view.sinceAt)}`);
  }

  function tiles(lines) {
    const names = [
      ...ORDER.filter((n) => n in lines),
      ...Object.keys(lines).filter((n) => !ORDER.includes(n)),
    ];
    byId("gate-lines").replaceChildren(
      ...names.map((name) =>
        h(
          "li",
          {
            class: `tile tile-${name} ${INPUTS.includes(name) ? "input" : "output"}`,
            "data-on": String(lines[name]),
          },
          name,
          h("span", { class: "unseen" }, lines[name] ? ": on" : ": off"),
        ),
      ),
    );
  }
}

function notice({ dryRun, mode, heldUntilAt }) {
  if (dryRun) return "Dry run: nothing is energised";
  if (mode === "locked") return "Locked: no plate opens";
  return heldUntilAt ? `Held until ${momentOf(heldUntilAt).slice(0, -3)}` : "";
}

function drawing() {
  const svg = s(
    "svg",
    { class: "barrier", viewBox: "0 -12 200 160", role: "img", "aria-label": "Barrier" },
    s("path", { class: "ground", d: "M4 138H196" }),
    s("path", { class: "loop", d: "M62 142h64l6 5H56Z" }),
    s(
      "g",
      { class: "car" },
      s("path", { d: "M62 136v-22l8-5 7-17h34l7 17 8 5v22Z" }),
      s("path", { d: "M76 107h36M68 119h9M111 119h9M83 126h22" }),
    ),
    s("path", { class: "post", d: "M150 138V108M145 108v-8m10 8v-8M145 108h10" }),
    s(
      "g",
      { class: "light" },
      s("path", { class: "post", d: "M182 138V62" }),
      s("rect", { x: 171, y: 20, width: 22, height: 42, rx: 5 }),
      s("circle", { class: "red", cx: 182, cy: 32, r: 6.5 }),
      s("circle", { class: "green", cx: 182, cy: 50, r: 6.5 }),
    ),
    s("path", { class: "cabinet", d: "M14 138V92a4 4 0 0 1 4-4h20a4 4 0 0 1 4 4v46Z" }),
    s(
      "g",
      { class: "arm" },
      s("path", { class: "weight", d: "M28 104H12" }),
      s("path", { class: "boom", d: "M28 104H146" }),
      s("path", { class: "stripes", d: "M46 104H146" }),
      s("circle", { class: "pivot", cx: 28, cy: 104, r: 6 }),
    ),
    s("text", { class: "query", x: 96, y: 60 }, "?"),
  );
  return { svg };
}
