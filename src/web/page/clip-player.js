import { h, icon } from "./dom.js";
import { bytes, span } from "./say.js";

/** There are no accounts: only the appliance's own browser is offered what changes something. */
export const changesAllowed = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/** A clip with what may be done with it. `onChanged` is called when it was kept, let go or removed. */
export function clipPlayer(clip, poster, onChanged) {
  const at = `/api/clips/${encodeURIComponent(clip.id)}`;
  const player = h("video", {
    controls: true,
    playsinline: true,
    preload: "metadata",
    poster,
    src: `${at}/video.mp4`,
    "aria-label": "Video",
  });
  // Video of a gate has no sound; unmuted, phones would refuse to play it by themselves.
  player.muted = true;
  const complaint = h("p", { class: "hint wrong", role: "alert" });
  player.addEventListener("error", () => {
    complaint.textContent = "The video cannot be played: its file is gone or broken.";
  });
  return h(
    "figure",
    {},
    player,
    h("figcaption", {}, h("span", {}, words(clip)), ...tools(at, clip, onChanged, complaint)),
    complaint,
  );
}

export function words(clip) {
  const kept = clip.pinned ? ", kept for good" : "";
  return `Video, ${span(clip.endedAt - clip.startedAt)}, ${bytes(clip.bytes)}${kept}`;
}

function tools(at, clip, onChanged, complaint) {
  const save = h(
    "a",
    { class: "plain", href: `${at}/video.mp4?download=1`, download: true },
    icon("save"),
    "Save",
  );
  if (!changesAllowed) return [save];
  const act = async (method, path) => {
    const answer = await fetch(at + path, { method }).catch(() => null);
    if (answer?.ok) return onChanged();
    complaint.textContent =
      (await answer?.json().catch(() => null))?.error ?? "The appliance does not answer.";
  };
  const keep = h(
    "button",
    {
      type: "button",
      class: "plain",
      "aria-pressed": String(clip.pinned),
      onclick: () => act("POST", clip.pinned ? "/unpin" : "/pin"),
    },
    icon("pin"),
    clip.pinned ? "Kept" : "Keep",
  );
  return [keep, save];
}
