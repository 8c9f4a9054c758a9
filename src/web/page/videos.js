import { words } from "./clip-player.js";
import { byId, h, icon } from "./dom.js";
import { placeIn } from "./place.js";
import { dayOf, timeOf } from "./say.js";

/** All clips as pictures, newest first, instead of the passes; also those that were recorded by hand. */
export function createVideos({ onOpen }) {
  const toggle = byId("show-videos");
  const list = byId("videos");
  const more = byId("more-videos");
  const others = ["search", "found", "list", "more", "similar"].map(byId);
  let shown = false;
  let clips = [];
  let next = null;
  let hiddenBefore = [];

  toggle.addEventListener("click", () => {
    shown = !shown;
    toggle.setAttribute("aria-pressed", String(shown));
    list.hidden = !shown;
    more.hidden = true;
    if (shown) {
      hiddenBefore = others.map((e) => e.hidden);
      for (const e of others) e.hidden = true;
      load();
    } else
      others.forEach((e, i) => {
        e.hidden = hiddenBefore[i];
      });
  });
  more.addEventListener("click", () => load(next));

  return {
    /** A clip came, changed or went. */
    changed: () => shown && load(null, clips),
    shown: () => shown,
  };

  /** `kept`: what is shown already, of which the older ones stay. */
  async function load(before = null, kept = []) {
    const cursor = before === null ? "" : `&before=${encodeURIComponent(before)}`;
    const answer = await fetch(`/api/clips?limit=24${cursor}`).catch(() => null);
    if (!answer?.ok || !shown) return;
    const page = await answer.json();
    const oldest = page.next === null ? 0 : (page.items.at(-1)?.startedAt ?? 0);
    const ids = new Set(page.items.map((clip) => clip.id));
    const older = kept.filter((clip) => !ids.has(clip.id) && clip.startedAt <= oldest);
    clips = before === null ? [...page.items, ...older] : [...clips, ...page.items];
    if (older.length === 0) next = page.next;
    more.hidden = next === null;
    const cards = clips.map((clip) => h("li", {}, card(clip)));
    const place = placeIn(list);
    list.replaceChildren(
      ...(cards.length > 0 ? cards : [h("li", { class: "empty" }, "No video is kept yet.")]),
    );
    place.restore();
  }

  function card(clip) {
    const at = `/api/clips/${encodeURIComponent(clip.id)}`;
    const kind = clip.kind === "manual" ? "recorded by hand" : clip.kind === "known" ? "plate on a list" : "";
    return h(
      "button",
      { type: "button", class: "video-card", "data-id": clip.id, onclick: () => onOpen(clip) },
      h(
        "span",
        { class: "poster" },
        h("img", {
          src: `${at}/poster.jpg?absent=204`,
          alt: "",
          loading: "lazy",
          onerror: (e) => e.target.remove(),
        }),
        icon("clip"),
      ),
      h(
        "b",
        {},
        `${dayOf(clip.startedAt)} ${timeOf(clip.startedAt)}`,
        clip.pinned ? icon("pin", "kept for good") : null,
      ),
      h("span", { class: "hint" }, [clip.camera, words(clip), kind].filter((w) => w !== "").join(", ")),
    );
  }
}
