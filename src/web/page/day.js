import { byId, s, setText } from "./dom.js";
import { timeOf, verdicts } from "./say.js";

const HOURS = 24;
const WIDTH = 1000;
const HEIGHT = 44;
const HEIGHTS = { granted: 26, ask: 32, denied: 36 };

/** The last 24 hours as a strip chart: one stroke for each pass. */
export function createDayChart({ onOpen }) {
  const passes = new Map();
  /** What came before this was not asked for. */
  let reachesBackTo = 0;
  setInterval(draw, 60_000);

  return {
    async load() {
      const from = Date.now() - HOURS * 3_600_000;
      let before = null;
      // At most 500 strokes: more would be one black bar.
      for (let pages = 0; pages < 5; pages++) {
        const cursor = before === null ? "" : `&before=${encodeURIComponent(before)}`;
        const answer = await fetch(`/api/passes?from=${from}&limit=100&chars=0${cursor}`).catch(() => null);
        if (!answer?.ok) break;
        const page = await answer.json();
        for (const pass of page.items) passes.set(pass.id, pass);
        before = page.next;
        if (before === null) break;
      }
      reachesBackTo = before === null ? 0 : Math.min(...[...passes.values()].map((p) => p.startedAt));
      draw();
    },
    put(pass) {
      passes.set(pass.id, pass);
      draw();
    },
  };

  function draw() {
    const now = Date.now();
    const from = now - HOURS * 3_600_000;
    for (const [id, pass] of passes) if (pass.startedAt < from) passes.delete(id);
    const x = (at) => ((at - from) / (now - from)) * WIDTH;
    const svg = s("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    const hour = new Date(now);
    hour.setMinutes(0, 0, 0);
    const marks = [];
    for (let at = hour.getTime(); at > from; at -= 3_600_000) {
      const major = new Date(at).getHours() % 6 === 0;
      svg.append(
        s("path", { class: major ? "tick major" : "tick", d: `M${x(at)} ${HEIGHT}v${major ? -HEIGHT : -5}` }),
      );
      if (major) marks.push({ at, left: x(at) / WIDTH });
    }
    for (const pass of passes.values()) {
      const stroke = s("path", {
        class: `stroke ${pass.verdict}`,
        d: `M${x(pass.startedAt)} ${HEIGHT}v-${HEIGHTS[pass.verdict] ?? 26}`,
      });
      stroke.append(s("title", {}, `${timeOf(pass.startedAt)} ${pass.plate}: ${verdicts[pass.verdict]}`));
      stroke.addEventListener("click", () => onOpen(pass.id));
      svg.append(stroke);
    }
    const labels = marks.map(({ at, left }) => {
      const label = document.createElement("span");
      label.textContent = timeOf(at).slice(0, 5);
      label.style.setProperty("--left", String(left));
      return label;
    });
    byId("day-chart").replaceChildren(svg, ...labels);
    setText(byId("day-sum"), sum([...passes.values()], reachesBackTo > from));
  }
}

function sum(passes, isCut) {
  if (passes.length === 0) return "no pass";
  const count = (verdict) => passes.filter((p) => p.verdict === verdict).length;
  const parts = ["granted", "denied", "ask"]
    .filter((v) => count(v) > 0)
    .map((v) => `${count(v)} ${v === "ask" ? "to ask" : v}`);
  return `${isCut ? "the newest " : ""}${passes.length} pass${passes.length === 1 ? "" : "es"}: ${parts.join(", ")}`;
}
