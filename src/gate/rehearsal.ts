import { type Box, quadOf } from "../core/geometry.js";
import { ALPHABET, type CharEvidence } from "../core/plate.js";
import { type AccessRule, plainRule } from "../core/records.js";
import type { Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import { silentLog } from "../system/log.js";
import { resolveLines } from "./board.js";
import { createGate } from "./gate.js";
import { createLane, type LaneDeps } from "./lane.js";
import { barrierSettings, lineSettings } from "./settings.js";
import { createSimulatedLines } from "./simulated.js";

const ROUNDS = 200;
/** A slow processor does fewer rounds; nobody waits longer for the cameras to start. */
const LONGEST_MS = 2000;
const CAMERA = "rehearsal";

/**
 * Drives made-up vehicles through a lane and a gate of their own, on lines that exist only in memory: code that has never
 * run takes ten times as long, and the first vehicle after a restart must not be the one that waits for it. The real gate
 * answers between the rounds. Resolves with the number of pulses that the imagined relay gave.
 */
export async function rehearse(parts: {
  config: LaneDeps["config"];
  clock: Clock;
  /** The real list, whose length is what takes the time; it is only read. */
  rules: readonly AccessRule[];
}): Promise<number> {
  const { clock } = parts;
  const lines = createSimulatedLines(clock);
  const wiring = resolveLines(lineSettings.parse({}));
  const { lift, green } = wiring.outputs;
  const gate = createGate({
    clock,
    log: silentLog,
    driver: async () => lines,
    lines: { ...wiring, outputs: { lift: lift!, green: green! }, inputs: {} },
    // Not the barrier's own settings: they speak of lines that are not there.
    barrier: { ...barrierSettings.parse({}), holdOffMs: 0 },
    maxCommandAgeMs: LONGEST_MS,
    onEvent: () => {},
  });
  await gate.start();
  const rules = [...parts.rules, ...IMAGINED];
  const lane = createLane({
    config: { ...parts.config, cameras: [{ name: CAMERA, direction: "entry" }] },
    clock,
    log: silentLog,
    rules: () => rules,
    gate,
    clockTrusted: () => true,
    onPass: () => {},
  });
  const startedMs = clock.monotonicMs();
  for (let round = 0; round < ROUNDS && clock.monotonicMs() - startedMs < LONGEST_MS; round++) {
    lane.sighting(vehicle(round, clock.monotonicMs()));
    lane.close();
    // The relay is let go, so that the next vehicle finds it at rest.
    gate.event({ type: "operator", command: "stop" }, CAMERA);
    gate.event({ type: "operator", command: "release" }, CAMERA);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const pulses = lines.edges().filter((e) => e.name === "lift" && e.energised).length;
  lane.close();
  await gate.close();
  return pulses;
}

/** With a date, so that the calendar is rehearsed as well. */
const IMAGINED: readonly AccessRule[] = ["REHEARSE1", "REHEARSE2"].map((plate) => ({
  ...plainRule,
  id: plate,
  plate,
  validFrom: "2000-01-01",
}));

/** Every other one comes with pictures, as from an eye. */
function vehicle(round: number, atMs: number): Sighting {
  const plate = IMAGINED[round % 2]!.plate;
  // Never where one stood a moment ago: that one would not be lifted for.
  const box: Box = [200 * (round % 3), 0, 100, 30];
  return {
    trackId: `${CAMERA}-${round}`,
    camera: CAMERA,
    phase: "new",
    plate,
    probability: 1,
    candidates: [{ text: plate, probability: 1 }],
    evidence: evidenceOf(plate),
    direction: "approaching",
    frames: 3,
    firstFrameAtMs: atMs - 200,
    lastFrameAtMs: atMs,
    box,
    quad: quadOf(box),
    confidence: 0.9,
    frameWidth: 1280,
    frameHeight: 720,
    ...(round % 4 < 2 ? {} : { crop: new Uint8Array(16), frame: new Uint8Array(16) }),
  };
}

function evidenceOf(plate: string): CharEvidence {
  return [...plate].map((c) => Array.from(ALPHABET, (of) => (of === c ? 1 : 0)));
}
