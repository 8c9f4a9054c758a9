import { createByHand } from "./by-hand.js";
import { byId, h, setText } from "./dom.js";
import { bytes, dayOf, momentOf, span, timeOf } from "./say.js";

const RANK = { bad: 0, warning: 1, unknown: 2, good: 3 };

/** What is well and what is not, worst first, each with its sentence; and how full the video ring is. */
export function createHealthPanel() {
  const byHand = createByHand({ onChanged: storage });
  setInterval(storage, 15_000);
  storage();

  return {
    show(status) {
      byHand.cameras(status.cameras);
      const items = [...status.health].sort((a, b) => RANK[a.state] - RANK[b.state]);
      const wrong = items.filter((i) => i.state === "bad" || i.state === "warning").length;
      const sum = byId("health-sum");
      sum.dataset.state = items[0]?.state ?? "unknown";
      setText(
        sum,
        wrong === 0
          ? "Everything is well."
          : wrong === 1
            ? "One part needs attention."
            : `${wrong} parts need attention.`,
      );
      byId("health-list").replaceChildren(...items.map(row));
      const bad = items.filter((i) => i.state === "bad");
      byId("attention").hidden = bad.length === 0;
      setText(byId("attention"), bad.map((i) => `${i.name}: ${i.sentence}`).join(" "));
      setText(
        byId("about"),
        `Plategate ${status.version}, running since ${dayOf(status.startedAt)} ${timeOf(status.startedAt)}`,
      );
    },
    storage,
  };

  async function storage() {
    if (document.hidden) return;
    const answer = await fetch("/api/recording").catch(() => null);
    if (!answer?.ok) return;
    const now = await answer.json();
    byId("store").hidden = false;
    byId("store-bar").style.setProperty(
      "--full",
      String(Math.min(1, now.ringBytes / Math.max(1, now.ringMaxBytes))),
    );
    const reach = now.oldestAt === null ? "no video yet" : `reaches back ${span(Date.now() - now.oldestAt)}`;
    setText(
      byId("store-text"),
      `${bytes(now.ringBytes)} of ${bytes(now.ringMaxBytes)}, ${reach}. ${now.clips} clip${now.clips === 1 ? "" : "s"}, ${bytes(now.clipBytes)}. ${bytes(now.freeBytes)} free on the card.`,
    );
    byHand.show(now);
  }
}

function row(item) {
  const since =
    item.state === "good" || item.sinceAt === undefined
      ? null
      : h("small", {}, `since ${momentOf(item.sinceAt)}`);
  return h(
    "li",
    { "data-state": item.state },
    h("i", { "aria-hidden": "true" }),
    h("b", {}, item.name, h("span", { class: "unseen" }, `: ${item.state}.`)),
    h("p", {}, item.sentence, since),
  );
}
