import { changesAllowed } from "./clip-player.js";
import { byId, h, setText } from "./dom.js";
import { span } from "./say.js";

/**
 * One button for each camera that starts and ends a recording by hand, where that is allowed. `onChanged` is called when one
 * was started or ended. The buttons stay while the page lives: who has come to one with the keyboard is not thrown off it.
 */
export function createByHand({ onChanged }) {
  const place = byId("store-hand");
  const complaint = h("p", { class: "hint wrong", role: "alert" });
  const buttons = new Map();
  let cameras = [];
  let going = [];
  /** Cameras whose recording is being ended: it waits for the end of its segment. */
  const ending = new Set();

  return {
    cameras(now) {
      const names = now.map((c) => c.name);
      if (names.join() === cameras.join()) return;
      cameras = names;
      draw();
    },
    /** Takes the newest state of the recorder. */
    show(now) {
      going = now.manual;
      place.hidden = !now.canRecordByHand || !changesAllowed;
      draw();
    },
  };

  function draw() {
    for (const name of buttons.keys()) if (!cameras.includes(name)) buttons.delete(name);
    for (const name of cameras) if (!buttons.has(name)) buttons.set(name, button(name));
    const wanted = [...buttons.values(), complaint];
    if (wanted.length !== place.children.length || wanted.some((e, i) => place.children[i] !== e))
      place.replaceChildren(...wanted);
    for (const [name, element] of buttons) {
      setText(element, words(name));
      element.setAttribute("aria-pressed", String(startOf(name) !== undefined));
    }
  }

  function button(name) {
    return h("button", { type: "button", class: "plain", onclick: () => void act(name) });
  }

  function startOf(name) {
    return going.find((m) => m.camera === name)?.startedAt;
  }

  function words(name) {
    const startedAt = startOf(name);
    const which = cameras.length > 1 ? ` ${name}` : "";
    if (ending.has(name)) return `Ending the recording${which && ` of${which}`}…`;
    return startedAt === undefined
      ? `Record${which} by hand`
      : `Stop recording${which} (${span(Date.now() - startedAt)})`;
  }

  async function act(name) {
    if (ending.has(name)) return;
    const isGoing = startOf(name) !== undefined;
    if (isGoing) ending.add(name);
    setText(complaint, "");
    draw();
    const path = `/api/recording/${encodeURIComponent(name)}/${isGoing ? "stop" : "start"}`;
    const answer = await fetch(path, { method: "POST" }).catch(() => null);
    if (!answer?.ok)
      setText(complaint, (await answer?.json().catch(() => null))?.error ?? "The appliance does not answer.");
    await onChanged();
    ending.delete(name);
    draw();
  }
}
