/** The gate process on the emulated board: the real lane, machine, relays and driver, told what to see on standard input. */
import { createInterface } from "node:readline";
import { resolveLines } from "../../src/gate/board.js";
import { openDriver } from "../../src/gate/driver.js";
import { createGate } from "../../src/gate/gate.js";
import { createLane } from "../../src/gate/lane.js";
import { accessSettings, barrierSettings, lineSettings } from "../../src/gate/settings.js";
import { systemClock } from "../../src/system/clock.js";
import type { Log } from "../../src/system/log.js";
import { rule, sightingOf } from "../support/evidence.js";

const [driver = "onoff", pulseMs = "500"] = process.argv.slice(2);
const say = (text: string) => void process.stdout.write(`${text}\n`);
const loud = (_facts: object, sentence: string) => say(`log ${sentence}`);
const log: Log = { debug: () => {}, info: () => {}, warn: loud, error: loud, child: () => log };
const clock = systemClock;
const config = lineSettings.parse({ driver, board: "rig" });
const lines = resolveLines(config);
const gate = createGate({
  clock,
  log,
  driver: () => openDriver({ clock, log, config, lines }),
  lines,
  barrier: barrierSettings.parse({
    pulseMs: Number(pulseMs),
    autoClose: true,
    assumeOpenMs: 300,
    openMs: 1000,
    warnMs: 200,
    holdOffMs: 200,
    travelMs: 4000,
  }),
  maxCommandAgeMs: 3000,
});
const lane = createLane({
  config: {
    site: "rig",
    gate: "main",
    timeZone: "UTC",
    access: accessSettings.parse({}),
    cameras: [{ name: "front", direction: "entry" }],
  },
  clock,
  log,
  rules: () => [rule("AAA1")],
  gate,
  clockTrusted: () => true,
  onPass: () => {},
});
gate.subscribe((view) => say(`state ${view.state}`));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [word = "", value = ""] = line.split(" ");
  const now = clock.monotonicMs();
  if (word === "see") see(value, `t${now}`);
  else if (word === "stale") lane.sighting(sightingOf(value, now - 5000, { trackId: `t${now}` }));
  else if (word === "hold" || word === "release" || word === "close" || word === "open") {
    say(`answer ${gate.command({ kind: word, by: "rig", via: "rig", receivedAtMs: now }).reason}`);
  } else if (word === "hang") {
    say("hanging");
    for (const end = now + Number(value); clock.monotonicMs() < end; );
    say("back");
  } else if (word === "eat") {
    const eaten: Buffer[] = [];
    setInterval(() => eaten.push(Buffer.alloc(16 << 20, 1)), 5);
  }
});
/** As an eye does it: the same track again and again, while the vehicle is there. */
function see(plate: string, trackId: string, left = 12): void {
  const phase = left === 0 ? "end" : "update";
  lane.sighting(sightingOf(plate, clock.monotonicMs(), { trackId, phase, box: [30 * left, 0, 100, 30] }));
  if (left > 0) clock.after(250, () => see(plate, trackId, left - 1));
}

process.once("SIGTERM", async () => {
  lane.close();
  await gate.close();
  process.exit(0);
});

try {
  await gate.start();
  say(`ready ${gate.view().driver}`);
} catch (error) {
  say(`refused ${(error as Error).message.replaceAll("\n", " | ")}`);
  process.exit(1);
}
