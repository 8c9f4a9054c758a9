/** Lines that are lost while the gate runs, and a helper that does not come back as it should. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import { resolveLines } from "../../src/gate/board.js";
import { createChardevDriver } from "../../src/gate/chardev.js";
import type { HelperProcess } from "../../src/gate/helper-process.js";
import { startHelper } from "../../src/gate/helper-process.js";
import { createKeep, type Keep } from "../../src/gate/kept.js";
import { silentLog } from "../../src/system/log.js";
import type { FakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { gateKit } from "../support/gate-kit.js";
import { until } from "../support/until.js";

type How = "well" | "dies" | "hangs" | "dies when all is open";

/** A gate on the character device whose helpers do as they are told, on a kernel where a line has one holder. */
function bench(keep?: Keep, how: How = "well") {
  const owners = new Map<string, number>();
  const world = { how, started: 0, alive: new Set<number>(), kill: () => {} };

  function helper(): HelperProcess {
    const pid = ++world.started;
    const how = world.how;
    let tell = (_: string) => {};
    let lost = (_: string) => {};
    world.alive.add(pid);
    const end = () => {
      world.alive.delete(pid);
      for (const [line, owner] of owners) if (owner === pid) owners.delete(line);
    };
    const die = () => {
      if (!world.alive.has(pid)) return;
      end();
      lost("the helper gpio-lines.pl ended (code 1).");
    };
    world.kill = die;
    if (how === "dies") queueMicrotask(die);
    return {
      pid,
      onLine: (listener) => {
        tell = listener;
      },
      onLost: (listener) => {
        lost = listener;
      },
      close: end,
      send(text) {
        const [word, name = "", , , offset = ""] = text.split(" ");
        if (how === "dies" || how === "hangs" || (word !== "out" && word !== "in")) return;
        const isFree = !owners.has(offset);
        if (isFree) owners.set(offset, pid);
        queueMicrotask(() => {
          tell(isFree ? `opened ${name} 0` : `failed ${name} 16 busy`);
          if (how === "dies when all is open" && word === "in") die();
        });
      },
    };
  }

  const kit = gateKit(
    { inputs: ["exit"] },
    {},
    {
      ...(keep === undefined ? {} : { keep }),
      driver: () =>
        createChardevDriver({ log: silentLog, lines: resolveLines(defaultConfig().lines), helper }),
    },
  );
  return { ...kit, world };
}

async function passSecond(clock: FakeClock) {
  clock.advance(1000);
  await settle();
}

async function passMinutes(clock: FakeClock, n: number) {
  for (let s = 0; s < 60 * n; s++) await passSecond(clock);
}

async function settle() {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

test("a helper that dies while the lines are opened again is started by one attempt at a time, ever less often", async () => {
  const { gate, clock, world } = bench();
  await gate.start();
  world.how = "dies";
  world.kill();
  const perMinute: number[] = [];
  for (let minute = 0; minute < 3; minute++) {
    const before = world.started;
    await passMinutes(clock, 1);
    perMinute.push(world.started - before);
  }
  assert.ok(perMinute[0]! <= 12 && perMinute[2]! >= 6, `helpers a minute: ${perMinute}`);
  assert.ok(perMinute[2]! <= 8, `helpers a minute: ${perMinute}`);
  world.how = "well";
  clock.advance(8000);
  await settle();
  assert.is(gate.event({ type: "free-exit" }).reason, "pulsed");
  assert.equal(gate.view().alarms, []);
  const started = world.started;
  clock.advance(600_000);
  await settle();
  assert.is(world.started, started);
  assert.is(world.alive.size, 1);
});

test("a helper that dies in the moment in which all lines are open is a loss like any other", async () => {
  const { gate, clock, world } = bench();
  await gate.start();
  world.how = "dies when all is open";
  world.kill();
  await passMinutes(clock, 1);
  assert.ok(world.started <= 12, `helpers in a minute: ${world.started}`);
  assert.is(gate.event({ type: "free-exit" }).reason, "not-running");
  assert.is(gate.view().alarms[0]!.code, "lines");
  world.how = "well";
  clock.advance(8000);
  await settle();
  assert.is(gate.event({ type: "free-exit" }).reason, "pulsed");
  assert.is(world.alive.size, 1);
});

test("a helper that says nothing is given up after ten seconds, and the next one has the lines", async () => {
  const { gate, clock, world } = bench();
  await gate.start();
  world.how = "hangs";
  world.kill();
  clock.advance(1000);
  await settle();
  assert.is(world.alive.size, 1);
  world.how = "well";
  clock.advance(9999);
  await settle();
  assert.is(world.started, 2);
  clock.advance(1);
  await settle();
  assert.is(world.alive.size, 0, "it is closed");
  clock.advance(2000);
  await settle();
  assert.is(gate.event({ type: "free-exit" }).reason, "pulsed");
});

test("a helper that says nothing at the start refuses the start, and the sentence names the line", async () => {
  const { gate, clock, world } = bench();
  world.how = "hangs";
  const start = gate.start();
  await settle();
  clock.advance(10_000);
  await start.then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, "lift did not answer within 10 s"),
  );
  assert.is(world.alive.size, 0);
  clock.advance(60_000);
  await settle();
  assert.is(world.started, 1);
});

test("lines that stay away are worth one new process, which goes on without them when it has no more luck", async () => {
  const path = join(temporaryFolder(), "gate.json");
  const keep = createKeep(path, silentLog);
  const { gate, clock, world } = bench(keep);
  await gate.start();
  world.how = "hangs";
  world.kill();
  await passMinutes(clock, 1);
  assert.is(await keep.settled(), true);
  await settle();
  assert.is(gate.answers(), false);

  const again = createKeep(path, silentLog);
  const second = bench(again, "dies");
  await second.gate.start();
  await passMinutes(second.clock, 5);
  assert.is(await again.settled(), true);
  await settle();
  assert.is(second.gate.answers(), true);
  assert.is(second.gate.view().alarms[0]!.code, "lines");
  second.world.how = "well";
  await passMinutes(second.clock, 1);
  assert.is(second.gate.event({ type: "free-exit" }).reason, "pulsed");
  assert.is(await again.settled(), true);

  const third = bench(createKeep(path, silentLog), "dies");
  await third.gate.start().then(
    () => assert.unreachable("the lines were had since: a start without them is refused"),
    (error: Error) => assert.match(error.message, "cannot be had"),
  );
});

test("no new process is asked for when it could not know that it is one, or when the lines came back", async () => {
  const keep = createKeep(join(temporaryFolder(), "gone", "gate.json"), silentLog);
  const { gate, clock, world } = bench(keep);
  await gate.start();
  world.how = "dies";
  world.kill();
  await passMinutes(clock, 5);
  assert.is(await keep.settled(), false);
  await settle();
  assert.is(gate.answers(), true);

  const other = bench(createKeep(join(temporaryFolder(), "gate.json"), silentLog));
  await other.gate.start();
  for (let loss = 0; loss < 5; loss++) {
    other.world.how = "dies";
    other.world.kill();
    for (let s = 0; s < 40; s++) await passSecond(other.clock);
    other.world.how = "well";
    for (let s = 0; s < 10; s++) await passSecond(other.clock);
    assert.is(other.gate.answers(), true);
  }
});

test("a line that is opened too late is given back", async () => {
  const lines = gateKit();
  let opened = () => {};
  let closes = 0;
  const late = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const { gate, clock } = gateKit(
    {},
    {},
    {
      driver: async () => ({
        ...lines.lines,
        async openOutput(spec) {
          await late;
          return { ...(await lines.lines.openOutput(spec)), close: () => void closes++ };
        },
      }),
    },
  );
  const start = gate.start().catch(() => {});
  await settle();
  clock.advance(10_000);
  await start;
  opened();
  await settle();
  assert.is(closes, 1);
});

test("a helper that does not end when its input does is killed", async () => {
  const helper = startHelper("line-guard.pl");
  process.kill(helper.pid!, "SIGSTOP");
  helper.close();
  await until(() => !isThere(helper.pid!), "the stopped helper to be gone");
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test.run();
