import { createDayChart } from "./day.js";
import { createDetail } from "./detail.js";
import { byId, setText } from "./dom.js";
import { createGatePanel } from "./gate.js";
import { createHealthPanel } from "./health.js";
import { createLastPanel } from "./last.js";
import { openLink } from "./link.js";
import { createLivePicture } from "./live.js";
import { createPassList } from "./passes.js";
import { momentOf, timeOf } from "./say.js";
import { createTheme } from "./theme.js";
import { createVideos } from "./videos.js";

const open = (id) => detail.open(id);
const gate = createGatePanel();
const live = createLivePicture();
const health = createHealthPanel();
const last = createLastPanel({ onOpen: open, clock: () => applianceNow() });
const day = createDayChart({ onOpen: open });
const list = createPassList({ onOpen: open });
const detail = createDetail({ beside: list.beside });
const videos = createVideos({ onOpen: (clip) => detail.openClip(clip) });
createTheme();

/** Difference between the appliance's clock and this device's, in ms. */
let aheadMs = 0;
let everAlive = false;
const applianceNow = () => Date.now() + aheadMs;

openLink({
  status(now) {
    aheadMs = now.at - Date.now();
    setText(byId("site"), now.site);
    setText(byId("gate-name"), now.gateName);
    document.title = `${now.gate.state === "fault" ? "Fault" : now.gate.state} · ${now.site} ${now.gateName}`;
    gate.show(now.gate);
    live.show(now.cameras);
    health.show(now);
  },
  sighting: (now) => last.sighting(now),
  pass(now) {
    list.put(now);
    last.pass(now, true);
    day.put(now);
    detail.changed(now.id);
  },
  clip(now) {
    health.storage();
    videos.changed();
    if (now.passId === null) return;
    list.clip(now);
    detail.changed(now.passId);
  },
  state(alive, lostAt) {
    document.documentElement.dataset.link = alive ? "alive" : "lost";
    setText(byId("link-text"), alive ? "live" : "lost");
    gate.link(alive);
    const banner = byId("lost");
    banner.hidden = alive;
    if (!alive)
      setText(
        banner,
        `No connection to the appliance since ${momentOf(lostAt)}. What stands here is what was known then; trying again…`,
      );
    // Whatever happened meanwhile is asked for anew.
    if (alive) refresh();
    everAlive ||= alive;
  },
});

setInterval(() => {
  setText(byId("now"), timeOf(applianceNow()));
  if (list.day()) last.day();
}, 500);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  byId("find-plate").focus();
});

async function refresh() {
  const known = await list.load();
  if (known && !list.searching()) last.known(list.newest(applianceNow()), everAlive);
  await day.load();
}
