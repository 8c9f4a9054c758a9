import { clipPlayer } from "./clip-player.js";
import { byId, h, icon } from "./dom.js";
import { evidenceTable } from "./evidence.js";
import { passLink, verdictMark } from "./passes.js";
import { placeIn } from "./place.js";
import { plateFace, WEAK } from "./plate.js";
import { dayAndTime, directions, percent, span } from "./say.js";

/** Everything that is known of one pass: the frame it was read in, the video, the plate, why it was decided so. */
export function createDetail({ beside }) {
  const dialog = byId("detail");
  let shown = null;
  /** When what is shown began; null: not known. */
  let startedAt = null;

  dialog.addEventListener("close", () => {
    shown = null;
    startedAt = null;
    dialog.replaceChildren();
    if (location.hash.startsWith("#pass/")) history.replaceState(null, "", location.pathname);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (step !== undefined && !event.target.matches("video, summary")) go(step);
  });
  addEventListener("hashchange", fromAddress);
  fromAddress();

  return {
    open,
    /** A clip: with its pass where it has one, else by itself. */
    async openClip(clip) {
      if (clip.passId !== null) return open(clip.passId);
      const at = `/api/clips/${encodeURIComponent(clip.id)}`;
      const again = async () => this.openClip(await (await fetch(at)).json());
      shown = clip.id;
      startedAt = clip.startedAt;
      const body = h(
        "div",
        { class: "detail-alone" },
        clipPlayer(clip, `${at}/poster.jpg?absent=204`, again),
      );
      dialog.replaceChildren(bar(dayAndTime(clip.startedAt)), body);
      if (!dialog.open) dialog.showModal();
    },
    /** The pass was changed at the appliance. A video that is being watched is not torn away. */
    changed(id) {
      const video = dialog.querySelector("video");
      if (id === shown && (video === null || video.paused)) open(id, placeIn(dialog));
    },
  };

  function fromAddress() {
    const id = /^#pass\/(.+)$/.exec(location.hash)?.[1];
    if (id === undefined) return;
    try {
      open(decodeURIComponent(id));
    } catch {
      // A damaged link leads to the page itself.
    }
  }

  /** `place`: where somebody is in it, who has it open already. */
  async function open(id, place = null) {
    shown = id;
    history.replaceState(null, "", `#pass/${encodeURIComponent(id)}`);
    const answer = await fetch(`/api/passes/${encodeURIComponent(id)}`).catch(() => null);
    const found = (await answer?.json().catch(() => null)) ?? { error: "The appliance does not answer." };
    if (shown !== id) return;
    startedAt = answer?.ok ? found.pass.startedAt : null;
    dialog.replaceChildren(
      ...(answer?.ok ? content(found) : [bar("Not found"), h("p", { class: "empty" }, found.error)]),
    );
    if (!dialog.open) dialog.showModal();
    if (place === null || !place.restore()) byId("detail-title").focus({ preventScroll: true });
  }

  function go(step) {
    const next = beside({ id: shown, startedAt }, step);
    if (next !== null) open(next.id);
  }

  function bar(title) {
    const button = (name, label, act, extra = "") =>
      h(
        "button",
        { type: "button", class: `round ${extra}`, "aria-label": label, title: label, onclick: act },
        icon(name),
      );
    return h(
      "header",
      { class: "detail-bar" },
      h("h2", { id: "detail-title", tabindex: "-1" }, title),
      button("newer", "Newer pass", () => go(-1)),
      button("older", "Older pass", () => go(1)),
      button("close", "Close", () => dialog.close(), "detail-close"),
    );
  }

  function content({ pass, decisions, reads, candidates, replay, clip, registered }) {
    const base = `/api/passes/${encodeURIComponent(pass.id)}`;
    const decision = decisions.at(-1);
    return [
      bar(dayAndTime(pass.startedAt)),
      h(
        "div",
        { class: "detail-body" },
        h(
          "div",
          { class: "detail-head" },
          h(
            "div",
            { class: "detail-plate" },
            plateFace(pass.plate, pass.chars, "huge"),
            crop(base, pass),
            enhanced(base, pass),
          ),
          h(
            "p",
            { class: "detail-verdict" },
            verdictMark(pass.verdict),
            h("span", { class: "sentence" }, pass.sentence),
          ),
        ),
        h("div", { class: "detail-pictures" }, frame(base, pass), video(base, clip)),
        h(
          "div",
          { class: "detail-words" },
          characters(pass),
          candidates.length > 1 ? others(candidates, pass.plate) : null,
          h("h3", { class: "label" }, "This pass"),
          facts(pass, decision, reads, registered),
          alikePlace(pass),
          decision === undefined ? null : evidenceTable(decision, replay),
        ),
      ),
    ];
  }

  /** Passes of vehicles that look like this one, where the appliance can find them; filled in when they come. */
  function alikePlace(pass) {
    const place = h("div", { hidden: true });
    fetch(`/api/passes/${encodeURIComponent(pass.id)}/alike?limit=4`)
      .then((answer) => (answer.ok ? answer.json() : { items: [] }))
      .then(({ items }) => {
        place.hidden = items.length === 0;
        place.append(
          h("h3", { class: "label" }, "Vehicles that look like it"),
          h(
            "ol",
            { class: "list alike" },
            items.map((hit) => h("li", {}, passLink(hit.pass, open))),
          ),
        );
      })
      .catch(() => {});
    return place;
  }

  function video(base, clip) {
    if (clip === null) return h("p", { class: "empty" }, "No video is kept of this pass.");
    return clipPlayer(clip, `${base}/frame.jpg?absent=204`, () => open(shown));
  }
}

function frame(base, pass) {
  const missing = (event) =>
    event.target
      .closest("figure")
      .replaceChildren(h("p", { class: "empty" }, "No frame is kept of this pass."));
  return h(
    "figure",
    {},
    h("img", {
      src: `${base}/frame.jpg?absent=204&frames=${pass.frames}`,
      alt: `The frame in which the plate ${pass.plate} was read`,
      onerror: missing,
    }),
    h("figcaption", {}, h("span", {}, "The very frame the plate was read in")),
  );
}

function crop(base, pass) {
  return h("img", {
    class: "crop",
    src: `${base}/crop.jpg?absent=204&frames=${pass.frames}`,
    alt: "The plate, cut out and straightened",
    onerror: (event) => event.target.remove(),
  });
}

/** Only of a plate that is hard to read; what the enhancer adds is guessed, and said to be. */
function enhanced(base, pass) {
  return h(
    "div",
    { class: "enhanced" },
    h("img", {
      class: "crop",
      src: `${base}/enhanced.jpg?absent=204&frames=${pass.frames}`,
      alt: "The same plate, made sharper by the enhancer",
      onerror: (event) => event.target.closest(".enhanced").remove(),
    }),
    h("p", { class: "hint" }, "Enhanced: details may be guessed"),
  );
}

function characters(pass) {
  if (pass.chars === null) return null;
  const weak = pass.chars.filter((p) => p < WEAK).length;
  const words =
    weak === 0
      ? "Every character is read surely."
      : `${weak} character${weak === 1 ? " is" : "s are"} not sure: compare with the picture.`;
  return h(
    "div",
    {},
    h("h3", { class: "label" }, "Characters"),
    h("p", { class: "hint" }, words),
    h(
      "ol",
      { class: "chars" },
      [...pass.plate].map((char, i) =>
        h(
          "li",
          { class: pass.chars[i] < WEAK ? "weak" : undefined },
          h("b", {}, char),
          h("span", {}, percent(pass.chars[i])),
        ),
      ),
    ),
  );
}

function others(candidates, plate) {
  return h(
    "div",
    {},
    h("h3", { class: "label" }, "What it could be when it was decided"),
    h(
      "ul",
      { class: "candidates" },
      candidates.map((c) =>
        h(
          "li",
          { class: c.text === plate ? "chosen" : undefined, vars: { "--p": c.probability.toFixed(4) } },
          h("b", {}, c.text),
          h("i", {}),
          h("span", {}, percent(c.probability)),
        ),
      ),
    ),
  );
}

function likenessWords({ compared, likeness, isOdd }) {
  const before = `of ${compared} earlier pass${compared === 1 ? "" : "es"} of this plate`;
  return isOdd
    ? `like none ${before} (${likeness.toFixed(2)})`
    : `likeness ${likeness.toFixed(2)} to the best ${before}`;
}

function registeredWords({ make, colour, note, person }) {
  const whose = person === null ? "" : [person.name, person.unit].filter((w) => w !== "").join(", ");
  return [[colour, make].filter((w) => w !== "").join(" "), whose, note].filter((w) => w !== "").join("; ");
}

function facts(pass, decision, reads, registered) {
  const rows = [
    ["Probability", percent(pass.probability)],
    ["Direction", directions[pass.direction]],
    ["Camera", pass.camera],
    ["Gate", `${pass.site} ${pass.gate}`],
    ["In view", pass.endedAt === null ? "still there" : span(pass.endedAt - pass.startedAt)],
    ["Frames read", String(pass.frames)],
    [
      "Decided after",
      decision === undefined ? "" : `${((decision.at - pass.startedAt) / 1000).toFixed(2)} s`,
    ],
    ["Registered", registered === null ? "" : registeredWords(registered)],
    ["Vehicle", pass.looks === null ? "" : likenessWords(pass.looks)],
    ["Reason", pass.reason],
    ["Rule", decision?.ruleId ?? "none"],
    ["Readings kept", String(reads.length)],
  ];
  return h(
    "dl",
    { class: "pairs" },
    rows
      .filter(([, value]) => value !== "")
      .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}
