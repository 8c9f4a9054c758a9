import { byId, h, setText } from "./dom.js";
import { momentOf, span } from "./say.js";

const OLD_MS = 2000;
/** A line on which nothing came for so long is given up: a phone that changes its network is never told that the old one is gone. */
const SILENT_MS = 12_000;

/**
 * The live picture. It is read as a stream of JPEGs rather than shown by the browser, so that the page knows how old
 * the picture it shows is, and can say so.
 */
export function createLivePicture() {
  const canvas = byId("live-picture");
  const context = canvas.getContext("2d", { alpha: false });
  const panel = byId("live");
  let cameras = [];
  let buttons = new Map();
  let chosen = null;
  let abort = null;
  let visible = true;
  /** When the shown picture was taken, on this page's own clock. */
  let takenAt = null;
  let heardAt = 0;
  let refusal = "";
  let shown = 0;
  let rate = [];

  new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    follow();
  }).observe(panel);
  document.addEventListener("visibilitychange", follow);
  setInterval(() => {
    if (performance.now() - heardAt > SILENT_MS) abort?.abort("late");
    tell();
  }, 250);

  return {
    /** Takes the cameras of the newest status. */
    show(now) {
      cameras = now;
      if (!cameras.some((c) => c.name === chosen)) choose(cameras[0]?.name ?? null);
      tabs();
      tell();
    },
  };

  function choose(name) {
    chosen = name;
    takenAt = null;
    rate = [];
    abort?.abort();
    tabs();
    follow();
  }

  function tabs() {
    const bar = byId("live-cameras");
    bar.hidden = cameras.length < 2;
    byId("live-camera").hidden = !bar.hidden;
    const names = cameras.map((c) => c.name);
    // The buttons stay: a new one would have neither the focus nor the rest of a click.
    if (names.join() !== [...buttons.keys()].join()) {
      buttons = new Map(names.map((name) => [name, button(name)]));
      bar.replaceChildren(...buttons.values());
    }
    for (const [name, element] of buttons) element.setAttribute("aria-pressed", String(name === chosen));
  }

  function button(name) {
    return h("button", { type: "button", "aria-label": `Camera ${name}`, onclick: () => choose(name) }, name);
  }

  /** Watches while somebody can see it: the camera draws pictures only for those who look. */
  function follow() {
    const wanted = visible && !document.hidden && chosen !== null;
    if (!wanted) abort?.abort();
    else if (abort === null || abort.signal.aborted) stream(chosen);
  }

  async function stream(camera) {
    const mine = new AbortController();
    abort = mine;
    heard();
    try {
      const answer = await fetch(`/api/live.mjpeg?camera=${encodeURIComponent(camera)}`, {
        signal: mine.signal,
      });
      refusal = answer.ok ? "" : ((await answer.json().catch(() => ({}))).error ?? "No live picture.");
      if (answer.ok) await readParts(answer.body, mine, { frame, heard });
    } catch {
      // Lost or let go: below it is tried again, unless this page does not want it any more.
    }
    if (abort !== mine) return;
    abort = null;
    if (!mine.signal.aborted || mine.signal.reason === "late") setTimeout(follow, 1000);
  }

  function heard() {
    heardAt = performance.now();
  }

  async function frame(jpeg, ageMs) {
    const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
    }
    context.drawImage(picture, 0, 0);
    picture.close();
    takenAt = performance.now() - ageMs;
    shown++;
    rate = [...rate.filter((at) => at > performance.now() - 3000), performance.now()];
    canvas.dataset.frames = String(shown);
  }

  function tell() {
    const camera = cameras.find((c) => c.name === chosen);
    const ageMs = takenAt === null ? null : performance.now() - takenAt;
    const away = camera !== undefined && camera.state !== "running";
    const old = ageMs === null || ageMs > OLD_MS;
    panel.dataset.state = away ? "away" : old ? "old" : "live";
    setText(byId("live-camera"), camera?.name ?? "no camera");
    setText(
      byId("live-age"),
      ageMs === null
        ? "no picture yet"
        : ageMs < 10_000
          ? `${(ageMs / 1000).toFixed(1)} s old`
          : `${span(ageMs)} old`,
    );
    setText(
      byId("live-rate"),
      old || rate.length < 2
        ? ""
        : `${Math.round((rate.length - 1) / ((rate.at(-1) - rate[0]) / 1000))} pictures/s`,
    );
    setText(byId("live-looked"), camera === undefined || away ? "" : `${Math.round(camera.fps)} looked at/s`);
    byId("live-veil").hidden = !(away || refusal !== "" || (old && visible));
    setText(byId("live-veil-title"), veilTitle(camera, away, ageMs));
    setText(byId("live-veil-text"), away ? camera.problem : refusal);
  }

  function veilTitle(camera, away, ageMs) {
    if (camera === undefined) return "No camera";
    if (away && camera.state === "ended") return "The source has ended";
    if (away && camera.awaySinceAt !== null)
      return `Camera away since ${momentOf(camera.awaySinceAt)} (${span(Date.now() - camera.awaySinceAt)})`;
    if (away) return camera.state === "starting" ? "Camera is starting" : "Camera away";
    return ageMs === null ? "Waiting for the first picture" : `Picture stands still for ${span(ageMs)}`;
  }
}

/** Cuts a multipart stream into JPEGs. Stops, to be opened anew, when the line lags behind by more than two seconds. */
async function readParts(body, mine, on) {
  const reader = body.getReader();
  let held = new Uint8Array(0);
  let leastDelay = Number.POSITIVE_INFINITY;
  for (;;) {
    const part = cut(held);
    if (part !== null) {
      held = held.subarray(part.end);
      // The two clocks differ by an unknown amount: the fastest part so far stands for no delay.
      const delay = Date.now() - part.sentAt;
      leastDelay = Math.min(leastDelay, delay);
      const lag = delay - leastDelay;
      await on.frame(part.jpeg, part.ageMs + lag);
      if (lag > OLD_MS) return mine.abort("late");
      continue;
    }
    const { done, value } = await reader.read();
    if (done) return;
    on.heard();
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
  }
}

/** The first whole part in these bytes; null when more must come. */
function cut(held) {
  const head = new TextDecoder("latin1").decode(held.subarray(0, 400));
  const headEnd = head.indexOf("\r\n\r\n");
  const size = Number(/content-length: (\d+)/i.exec(head)?.[1]);
  if (headEnd < 0 || Number.isNaN(size) || held.length < headEnd + 4 + size + 2) return null;
  return {
    jpeg: held.slice(headEnd + 4, headEnd + 4 + size),
    ageMs: Number(/x-age-ms: (\d+)/i.exec(head)?.[1] ?? 0),
    sentAt: Number(/x-sent-at: (\d+)/i.exec(head)?.[1] ?? Date.now()),
    end: headEnd + 4 + size + 2,
  };
}
