/** What people decided and a restart must not undo: the lock, and an operator's stop. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createKeep } from "../../src/gate/kept.js";
import type { LineDriver } from "../../src/gate/lines.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { gateKit } from "../support/gate-kit.js";

const all = { outputs: ["lift", "close", "stop", "hold", "red", "green", "warn"], inputs: ["exit", "fire"] };

function place() {
  const path = join(temporaryFolder(), "gate.json");
  const keep = createKeep(path, silentLog);
  return { path, keep, ...gateKit(all, {}, { keep }) };
}

/** A new process that finds what the old one left. */
function after(path: string, wired = all) {
  const keep = createKeep(path, silentLog);
  return { keep, ...gateKit(wired, {}, { keep }) };
}

test("a gate that was locked is locked after a restart, until somebody unlocks it", async () => {
  const { path, keep, gate, clock } = place();
  await gate.start();
  const mode = (word: "locked" | "normal", to = gate) =>
    to.command({ kind: "mode", mode: word, by: "ann", via: "mqtt", receivedAtMs: clock.monotonicMs() });
  mode("locked");
  assert.is(await keep.settled(), true);
  const second = after(path);
  await second.gate.start();
  assert.is(second.gate.view().mode, "locked");
  assert.is(second.gate.event({ type: "granted" }).reason, "locked");
  second.gate.command({
    kind: "mode",
    mode: "normal",
    by: "ann",
    via: "mqtt",
    receivedAtMs: second.clock.monotonicMs(),
  });
  await second.keep.settled();
  const third = after(path);
  await third.gate.start();
  assert.is(third.gate.event({ type: "granted" }).reason, "pulsed");
});

test("what an operator stopped is stopped after a restart, and no line moves for that", async () => {
  const { path, keep, gate } = place();
  await gate.start();
  gate.event({ type: "operator", command: "stop" });
  await gate.close();
  await keep.settled();
  const { gate: again, lines, clock } = after(path);
  lines.drive("exit", true);
  await again.start();
  assert.is(again.view().state, "stopped");
  for (const event of [{ type: "granted" }, { type: "free-exit" }] as const)
    assert.is(again.event(event).reason, "stopped");
  clock.advance(10_000);
  assert.equal(
    lines.edges().map((e) => e.name),
    ["red"],
  );
  assert.is(again.event({ type: "operator", command: "release" }).reason, "released");
  assert.is(again.event({ type: "granted" }).reason, "pulsed");
});

test("fire ends what an operator stopped, also after a restart, and nothing stops it again by itself", async () => {
  const { path, keep, gate } = place();
  await gate.start();
  gate.event({ type: "operator", command: "stop" });
  await gate.close();
  await keep.settled();
  const second = after(path);
  second.lines.drive("fire", true);
  await second.gate.start();
  assert.is(second.edges("lift"), "1");
  await second.gate.close();
  await second.keep.settled();
  const third = after(path);
  await third.gate.start();
  assert.is(third.gate.event({ type: "granted" }).reason, "pulsed");
});

test("what an operator stopped is stopped when lost lines come back", async () => {
  const listeners: ((sentence: string) => void)[] = [];
  const inner = gateKit(all);
  const driver = async (): Promise<LineDriver> => ({ ...inner.lines, onFailure: (l) => listeners.push(l) });
  const { gate, clock } = gateKit(all, {}, { driver });
  await gate.start();
  gate.event({ type: "operator", command: "stop" });
  clock.advance(1000);
  listeners[0]!("the helper ended.");
  clock.advance(1000);
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assert.equal([gate.view().state, gate.view().alarms.length], ["stopped", 0]);
  assert.is(gate.event({ type: "granted" }).reason, "stopped");
});

test("a file that is no such file, or cannot be read, locks the gate; no file does not", () => {
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"mode":"open","stopped":false}',
    '{"mode":"normal"}',
    "\0\0",
  ]) {
    const path = join(temporaryFolder(), "gate.json");
    writeFileSync(path, text);
    assert.equal(createKeep(path, silentLog).read(), { mode: "locked", stopped: false }, text);
  }
  const folder = temporaryFolder();
  assert.is(createKeep(folder, silentLog).read().mode, "locked", "a folder of that name");
  assert.equal(createKeep(join(folder, "gate.json"), silentLog).read(), { mode: "normal", stopped: false });
});

test("of many changes the last one is kept, and the file is whole at every moment", async () => {
  const path = join(temporaryFolder(), "gate.json");
  const keep = createKeep(path, silentLog);
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++) {
    keep.write({ mode: i % 2 === 0 ? "normal" : "locked", stopped: i % 3 === 0 });
    await Promise.resolve();
    if (existsSync(path)) seen.add(readFileSync(path, "utf8"));
  }
  assert.is(await keep.settled(), true);
  assert.equal(JSON.parse(readFileSync(path, "utf8")), { mode: "locked", stopped: false });
  for (const text of seen) JSON.parse(text);
  assert.equal(readdirSync(join(path, "..")), ["gate.json"]);
});

test("what cannot be written is told, and the gate goes on", async () => {
  const path = join(temporaryFolder(), "gone", "gate.json");
  const keep = createKeep(path, silentLog);
  const { gate, clock } = gateKit(all, {}, { keep });
  await gate.start();
  const answer = gate.command({
    kind: "mode",
    mode: "locked",
    by: "ann",
    via: "mqtt",
    receivedAtMs: clock.monotonicMs(),
  });
  assert.is(answer.accepted, true);
  assert.is(await keep.settled(), false);
  assert.is(gate.event({ type: "granted" }).reason, "locked");
});

/** A gate whose data folder is not there when it starts: a card that is mounted late. */
async function withoutFolder() {
  const path = join(temporaryFolder(), "late", "gate.json");
  const keep = createKeep(path, silentLog);
  const kit = gateKit(all, {}, { keep });
  await kit.gate.start();
  return {
    ...kit,
    ask: (kind: "mode" | "stop" | "release", mode: "locked" | "normal" = "normal") =>
      kit.gate.command({ kind, mode, by: "ann", via: "page", receivedAtMs: kit.clock.monotonicMs() }),
    arrives(text: string) {
      mkdirSync(join(path, ".."));
      if (text !== "") writeFileSync(path, text);
      kit.gate.recall();
    },
    async kept() {
      await keep.settled();
      return JSON.parse(readFileSync(path, "utf8"));
    },
  };
}

test("a lock and a stop that can be read only after the start are in force from then on, and no line is pulled for that", async () => {
  const { gate, lines, clock, arrives, ask } = await withoutFolder();
  lines.drive("exit", true);
  clock.advance(300);
  const before = lines.edges().length;
  arrives('{"mode":"locked","stopped":true}');
  assert.is(gate.view().mode, "locked");
  assert.is(gate.view().state, "stopped");
  clock.advance(10_000);
  assert.not.ok(
    lines
      .edges()
      .slice(before)
      .some((e) => e.energised && e.name !== "red"),
  );
  assert.is(gate.event({ type: "free-exit" }).reason, "stopped");
  assert.is(ask("release").reason, "released");
  assert.is(gate.event({ type: "granted" }).reason, "locked");
});

test("what was decided while the data folder was away stands, and is kept when it comes", async () => {
  const away = await withoutFolder();
  away.ask("mode", "normal");
  away.ask("stop");
  away.ask("release");
  away.arrives('{"mode":"locked","stopped":true}');
  assert.equal([away.gate.view().mode, away.gate.view().state], ["normal", "unknown"]);
  assert.equal(await away.kept(), { mode: "normal", stopped: false });

  const first = await withoutFolder();
  first.ask("mode", "locked");
  first.ask("stop");
  first.arrives("");
  assert.equal(await first.kept(), { mode: "locked", stopped: true });

  const burning = await withoutFolder();
  burning.lines.drive("fire", true);
  burning.clock.advance(300);
  burning.arrives('{"mode":"normal","stopped":true}');
  assert.is(burning.gate.state().heldBy, "fire");
  assert.equal(await burning.kept(), { mode: "normal", stopped: false });
});

test("locking takes back a grant that still waits for its vehicle", async () => {
  const { gate, lines, clock, edges } = gateKit({ inputs: ["presence"] }, { presenceWaitMs: 5000 });
  await gate.start();
  assert.is(gate.event({ type: "granted" }).reason, "waiting-for-presence");
  gate.command({ kind: "mode", mode: "locked", by: "ann", via: "mqtt", receivedAtMs: clock.monotonicMs() });
  lines.drive("presence", true);
  clock.advance(1000);
  assert.is(edges("lift"), "");
});

test("a change of the mode, and an alarm alone, are told at once", async () => {
  const { gate, lines, clock } = gateKit({ inputs: ["beam"] }, { stuckInputMs: 5000 });
  await gate.start();
  const told: string[] = [];
  gate.subscribe((view) => void told.push(`${view.mode} ${view.alarms.map((a) => a.code).join()}`));
  gate.command({ kind: "mode", mode: "locked", by: "ann", via: "mqtt", receivedAtMs: clock.monotonicMs() });
  assert.is(told.at(-1), "locked ");
  lines.drive("beam", true);
  const before = told.length;
  clock.advance(5000);
  assert.is(told.length, before + 1);
  assert.is(told.at(-1), "locked stuck-input");
});

test.run();
