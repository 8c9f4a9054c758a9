import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import { replayDecision } from "../../src/core/access.js";
import type { Appearance } from "../../src/core/appearance.js";
import type { PassAppearance, PassEntry } from "../../src/core/repositories.js";
import { createLane } from "../../src/gate/lane.js";
import { silentLog } from "../../src/system/log.js";
import { rule, sightingOf } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";

const red = looking([127, 10, 0]);
const blue = looking([0, 10, 127]);
const crop = new Uint8Array([1]);

function looking(vector: readonly number[], model = "1:now"): Appearance {
  return { model, vector };
}

function before(plate: string, appearance: Appearance, times: number): PassAppearance[] {
  return Array.from({ length: times }, (_, i) => ({ passId: `${plate}-${i}`, plate, appearance }));
}

async function street(oddVehicle: "off" | "flag" | "ask", looks: readonly PassAppearance[]) {
  const kit = gateKit();
  await kit.gate.start();
  const entries: PassEntry[] = [];
  const config = defaultConfig();
  const lane = createLane({
    config: {
      ...config,
      access: { ...config.access, oddVehicle },
      cameras: [{ name: "front", direction: "entry" }],
    },
    clock: kit.clock,
    log: silentLog,
    rules: () => [rule("AAA1")],
    gate: kit.gate,
    clockTrusted: () => true,
    onPass: (entry) => void entries.push(entry),
    looks,
  });
  let number = 0;
  /** One vehicle from its first to its last sighting; pictures come with the second. */
  const drive = (appearance: Appearance | null, first: { appearance?: Appearance | null } = {}) => {
    const trackId = `front-${++number}`;
    const see = (more: Parameters<typeof sightingOf>[2]) =>
      lane.sighting(sightingOf("AAA1", kit.clock.monotonicMs(), { trackId, ...more }));
    see(first);
    kit.clock.advance(300);
    see({ phase: "update", crop, appearance });
    kit.clock.advance(2000);
    see({ phase: "end" });
    kit.clock.advance(30_000);
  };
  const last = () => entries.at(-1)!.pass;
  return { ...kit, lane, entries, drive, last };
}

test("a vehicle that looks like its plate's history is let in and said to be alike", async () => {
  const { drive, last, edges } = await street("flag", before("AAA1", red, 3));
  drive(red);
  assert.is(edges("lift"), "10");
  assert.equal(last().looks, { compared: 3, likeness: 1, isOdd: false });
  assert.not.match(last().sentence, /looks like none/);
});

test("a plate on another vehicle is flagged in row, sentence and one more report, and opens all the same", async () => {
  const { drive, last, edges, entries } = await street("flag", before("AAA1", red, 3));
  drive(blue);
  assert.is(edges("lift"), "10");
  assert.is(last().looks!.isOdd, true);
  assert.is(last().looks!.compared, 3);
  assert.match(last().sentence, /But the vehicle looks like none of the 3 it came on before\.$/);
  const told = entries.flatMap((e) => e.events).filter((e) => e.kind === "pass");
  assert.equal(
    told.map((e) => JSON.parse(e.payload).phase),
    ["NEW", "UPDATE", "END"],
  );
  assert.is(JSON.parse(told[1]!.payload).pass.looks.isOdd, true);
  assert.equal(entries[1]!.appearance, blue);
});

test("two earlier passes, or those that another detector saw, say nothing", async () => {
  const few = await street("flag", before("AAA1", red, 2));
  few.drive(blue);
  assert.is(few.last().looks!.isOdd, false);
  const old = await street("ask", before("AAA1", looking([127, 0, 0], "1:before"), 5));
  old.drive(blue, { appearance: blue });
  assert.is(old.last().looks, null);
  assert.is(old.edges("lift"), "10");
});

test("where a person is to be asked, the barrier stays shut, and the replayed decision is the same", async () => {
  const { drive, last, edges, entries, lane, clock } = await street("ask", before("AAA1", red, 4));
  drive(blue, { appearance: blue });
  assert.is(edges("lift"), "");
  assert.is(last().verdict, "ask");
  assert.is(last().reason, "looks-different");
  const decided = entries.find((e) => e.decision !== undefined)!.decision!;
  const again = replayDecision(decided.evidence);
  assert.equal([again.verdict, again.reason], ["ask", "looks-different"]);
  // A plate on paper, with no vehicle behind it.
  drive(null, { appearance: null });
  assert.is(edges("lift"), "");
  assert.match(last().sentence, /too little of the vehicle is seen/);
  // Let in by a person, the new vehicle becomes part of the history.
  lane.sighting(sightingOf("AAA1", clock.monotonicMs(), { trackId: "new", appearance: blue }));
  clock.advance(1600);
  const approved = lane.answer(lane.open()[0]!.id, { what: "approve", by: "Ann" });
  assert.is(approved.accepted, true);
  assert.is(edges("lift"), "1");
  clock.advance(60_000);
  drive(blue, { appearance: blue });
  assert.is(last().reason, "on-allow-list");
  assert.is(last().looks!.likeness, 1);
});

test("the own vehicle opens at once also where a person would be asked", async () => {
  const { drive, edges } = await street("ask", before("AAA1", red, 4));
  drive(red, { appearance: red });
  assert.is(edges("lift"), "10");
});

test("nothing is said of looks where that is turned off or was erased", async () => {
  const off = await street("off", before("AAA1", red, 4));
  off.drive(blue, { appearance: blue });
  assert.is(off.last().looks, null);
  const erased = await street("ask", before("AAA1", red, 4));
  erased.lane.recallLooks([]);
  erased.drive(blue, { appearance: blue });
  assert.is(erased.edges("lift"), "10");
});

test("track and plate boxes of a pass are kept, each once", async () => {
  const { drive, entries } = await street("flag", []);
  drive(red);
  const tracks = entries.flatMap((e) => e.tracks ?? []);
  assert.equal([...new Set(tracks.map((t) => t.id))], ["front-1"]);
  assert.is(tracks.at(-1)!.passId, entries[0]!.pass.id);
  const moments = entries.flatMap((e) => (e.detections ?? []).map((d) => d.at));
  assert.is(new Set(moments).size, moments.length);
  assert.ok(moments.length >= 2);
});

test.run();
