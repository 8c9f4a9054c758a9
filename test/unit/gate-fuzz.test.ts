import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import { INPUT_NAMES, OUTPUT_NAMES } from "../../src/core/barrier-types.js";
import { createLane } from "../../src/gate/lane.js";
import { silentLog } from "../../src/system/log.js";
import { rule, sightingOf } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";
import { seeded } from "../support/random.js";

const SEEDS = 200;
const STEPS = 250;
/** The helper ends a pulse this long after its time when a line throws. */
const HELPER_MS = 20;

/** Everything that can happen at a gate, at random, on random wirings; what the lines carry is what is judged. */
test("whatever happens in whatever order, the lines keep the laws (200 seeds)", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await live(seed);
    } catch (error) {
      (error as Error).message = `seed ${seed}: ${(error as Error).message}`;
      throw error;
    }
  }
});

async function live(seed: number): Promise<void> {
  const { next: random, chance, pick } = seeded(seed);
  const inputs = INPUT_NAMES.filter(() => chance(0.6));
  const outputs = OUTPUT_NAMES.filter((name) => name === "lift" || chance(0.6));
  const kit = gateKit(
    { inputs, outputs },
    {
      pulseMs: pick([100, 500, 5000]),
      holdOffMs: pick([0, 1000, 3000]),
      openMs: pick([1000, 5000]),
      assumeOpenMs: pick([0, 2000]),
      travelMs: pick([500, 4000]),
      warnMs: pick([0, 2000]),
      autoClose: outputs.includes("close") && chance(0.5),
      presenceWaitMs: inputs.includes("presence") && chance(0.3) ? 2000 : 0,
      stuckInputMs: 10_000,
      heldOpenAlarmMs: 20_000,
      maxHoldMs: 60_000,
    },
  );
  const { clock, lines, gate } = kit;
  const raw = new Map<string, boolean>();
  let liftedAtMs = Number.NaN;
  let violation = "";
  let how: "dead" | "welded" | "throws" | null = null;
  let welded = false;
  const blame = (law: string) => {
    violation ||= law;
  };
  lines.onOutput(({ name, energised, atMs }) => {
    const levels = lines.levels();
    if (
      levels.lift &&
      levels.close === true &&
      outputs.includes("close") &&
      !inputs.includes("close" as never)
    )
      blame("lift and close energised together");
    if (name === "close" && energised && (raw.get("loop") || raw.get("beam"))) blame("close onto somebody");
    if (name === "close" && energised && raw.get("fire") && gate.state().inputs.fire)
      blame("close in a fire");
    if ((name === "lift" || name === "close") && energised && gate.state().inputs.stop)
      blame("movement under STOP");
    if (name === "lift" && energised) {
      liftedAtMs = atMs;
      welded = how === "welded";
    }
    if (name === "lift" && !energised && atMs - liftedAtMs > HELPER_MS + 5000 && !welded)
      blame(`a pulse of ${atMs - liftedAtMs} ms`);
    if (name === "green" && energised && levels.red === true && outputs.includes("red"))
      blame("red and green");
  });
  for (const name of inputs) if (chance(0.3)) put(name, true);
  await gate.start();
  assert.equal(
    lines.edges().filter((e) => e.name === "close" || (e.name === "lift" && !raw.get("fire"))),
    [],
    "movement at the start",
  );
  const rules = [
    rule("AAA1", { antiPassback: "soft" }),
    rule("BBB2", { usesLeft: 3 }),
    rule("CCC3", { effect: "deny" }),
  ];
  const lane = createLane({
    config: { ...defaultConfig(), cameras: [{ name: "front", direction: pick(["entry", "both"]) }] },
    clock,
    log: silentLog,
    rules: () => rules,
    gate,
    clockTrusted: () => chance(0.9),
    onPass: () => {
      if (chance(0.05)) throw new Error("the store is away");
    },
  });
  for (let i = 0; i < STEPS && violation === ""; i++) {
    const now = clock.monotonicMs();
    const what = random();
    if (what < 0.3) {
      lane.sighting(
        sightingOf(pick(["AAA1", "BBB2", "CCC3", "DDD4"]), now - pick([0, 50, 1400, 5000, -10]), {
          box: [pick([0, 300]), 0, 100, 30],
          frames: 4 + i,
          trackId: `t${Math.floor(random() * 6)}`,
          phase: pick(["new", "update", "update", "end"]),
          probability: pick([0.4, 0.95, 1]),
          direction: pick(["approaching", "leaving", "unknown"]),
        }),
      );
    } else if (what < 0.65 && inputs.length > 0) {
      const name = pick(inputs);
      put(name, chance(0.4));
      if (chance(0.1)) lines.glitch(name);
    } else if (what < 0.8) {
      gate.command({
        kind: pick(["open", "close", "hold", "release", "stop", "test-pulse", "mode"]),
        mode: pick(["normal", "normal", "locked"]),
        by: "fuzz",
        via: "test",
        receivedAtMs: now - pick([0, 100, 10_000]),
        holdMs: pick([1000, 100_000]),
      });
    } else if (what < 0.83) {
      how = pick(["dead", "welded", "throws", null, null]);
      welded ||= how === "welded";
      lines.breakLine("lift", how);
    }
    clock.advance(pick([0, 1, 20, 100, 300, 1000, 5000]));
    gate.view();
  }
  lines.breakLine("lift", null);
  lane.close();
  await gate.close();
  assert.is(violation, "");
  const left = Object.entries(lines.levels()).filter(
    ([name, on]) => on && outputs.includes(name as never) && !raw.has(name),
  );
  assert.equal(left, [], "something stays energised at the end");

  function put(name: string, active: boolean): void {
    raw.set(name, active);
    lines.drive(name, active);
  }
}

test.run();
