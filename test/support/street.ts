import { defaultConfig } from "../../src/config.js";
import type { Box } from "../../src/core/geometry.js";
import type { AccessRule } from "../../src/core/records.js";
import type { PassEntry } from "../../src/core/repositories.js";
import { createLane, type LaneDeps } from "../../src/gate/lane.js";
import { silentLog } from "../../src/system/log.js";
import { sightingOf } from "./evidence.js";
import { gateKit } from "./gate-kit.js";

/** A lane and its gate on simulated lines, with one entry camera unless `more` says otherwise; what it keeps is collected. */
export async function street(rules: readonly AccessRule[], more: Partial<LaneDeps> = {}, kit = gateKit()) {
  await kit.gate.start();
  const entries: PassEntry[] = [];
  const used: string[] = [];
  const ended: string[] = [];
  const order: string[] = [];
  kit.lines.onOutput((e) => void order.push(`${e.name}${e.energised ? "+" : "-"}`));
  const config = defaultConfig();
  const lane = createLane({
    config: { ...config, cameras: [{ name: "front", direction: "entry" }] },
    clock: kit.clock,
    log: silentLog,
    rules: () => rules,
    gate: kit.gate,
    clockTrusted: () => true,
    onPass: (entry) => {
      entries.push(entry);
      order.push("stored");
    },
    uses: { use: (id) => void used.push(id), giveBack() {} },
    onEnd: (pass) => void ended.push(pass.id),
    ...more,
  });
  const tracks = new Map<string, { box: Box; frames: number }>();
  /** Each track begins elsewhere, stays there, and is read once more each time. */
  const see = (plate: string, change: Parameters<typeof sightingOf>[2] = {}) => {
    const { trackId = "front-1" } = change;
    const from: Box = [200 * (tracks.size % 6), 100 * (Math.floor(tracks.size / 6) % 6), 100, 30];
    const { box, frames } = tracks.get(trackId) ?? { box: from, frames: 4 };
    tracks.set(trackId, { box, frames: frames + 1 });
    lane.sighting(sightingOf(plate, kit.clock.monotonicMs(), { box, frames, ...change }));
  };
  const phases = () => entries.map((e) => JSON.parse(e.events[0]!.payload).phase).join(" ");
  return { ...kit, lane, entries, used, ended, order, see, phases };
}
