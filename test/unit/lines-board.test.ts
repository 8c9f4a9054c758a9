import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../../src/config.js";
import { BOARDS_FOLDER, BoardError, boardNames, resolveLines } from "../../src/gate/board.js";
import { openDriver } from "../../src/gate/driver.js";
import { createGate } from "../../src/gate/gate.js";
import { LineError } from "../../src/gate/lines.js";
import { lineSettings } from "../../src/gate/settings.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";

type Json = Record<string, object>;

/** Resolves a copy of the Raspberry Pi 4's board that was changed; the message of the refusal, or empty. */
function refusal(change: (board: { outputs: Json; inputs: Json }) => void, config: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "boards-"));
  cpSync(BOARDS_FOLDER, folder, { recursive: true });
  const board = JSON.parse(readFileSync(join(folder, "raspberry-pi-4.json"), "utf8"));
  change(board);
  writeFileSync(join(folder, "test.json"), JSON.stringify(board, null, 2));
  try {
    resolveLines(lineSettings.parse({ driver: "auto", board: "test", ...config }), folder);
    return "";
  } catch (error) {
    assert.instance(error, BoardError);
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("every board that comes with the program can be used, with all its lines wired", () => {
  const all = { close: {}, stop: {}, hold: {}, red: {}, green: {}, warn: {} };
  const inputs = { loop: {}, beam: {}, presence: {}, exit: {}, fire: {}, closed: {}, open: {}, stop: {} };
  for (const board of boardNames()) {
    const plain = resolveLines(lineSettings.parse({ driver: "auto", board }));
    assert.ok(plain.outputs.lift !== undefined, board);
    const full = resolveLines(lineSettings.parse({ driver: "auto", board, outputs: all, inputs }));
    assert.is(Object.keys(full.outputs).length, 7, board);
    assert.is(Object.keys(full.inputs).length, 8, board);
  }
  assert.ok(
    ["jetson-orin-nano", "raspberry-pi-4", "raspberry-pi-5", "simulated"].every((b) =>
      boardNames().includes(b),
    ),
  );
});

test("on a Raspberry Pi every output is on a pin that is pulled down from power-on", () => {
  for (const board of ["raspberry-pi-4", "raspberry-pi-5"]) {
    const json = JSON.parse(readFileSync(join(BOARDS_FOLDER, `${board}.json`), "utf8"));
    for (const [name, pin] of Object.entries(
      json.outputs as Record<string, { offset: number; activeLow: boolean }>,
    ))
      assert.ok(pin.offset >= 9 && pin.offset <= 27 && !pin.activeLow, `${board} ${name}`);
  }
});

test("what guards people reads as active when its wire is broken", () => {
  for (const board of ["raspberry-pi-4", "raspberry-pi-5", "jetson-orin-nano"]) {
    const { inputs } = JSON.parse(readFileSync(join(BOARDS_FOLDER, `${board}.json`), "utf8"));
    for (const name of ["beam", "stop"]) {
      assert.is(inputs[name].contact, "nc", `${board} ${name}`);
      // The open circuit is pulled up, and high is active.
      assert.equal([inputs[name].bias, inputs[name].activeLow], ["pull-up", false], `${board} ${name}`);
    }
  }
});

test("two lines on one pin are refused with file, line and pin", () => {
  const message = refusal((b) => Object.assign(b.outputs.green!, { offset: 17 }));
  assert.match(
    message,
    /test\.json:\d+: green and lift are both on pinctrl-bcm2711 line 17; give green a free pin/,
  );
  assert.match(message, "nothing was energised");
});

test("the configuration's own lines are checked against the board's", () => {
  const message = refusal(() => {}, { outputs: { hold: { offset: 5 } } });
  assert.match(
    message,
    /lines\.outputs\.hold: hold and exit are both on pinctrl-bcm2711 line 5; give hold a free/,
  );
});

test("a line that the configuration has put on another one's pin is named with the file and line of the configuration", () => {
  const text = `lines:
  driver: auto
  board: raspberry-pi-4
  outputs:
    hold: {}
    close: { offset: 17 }
`;
  const config = parseConfig(text, "gate.yaml");
  assert.throws(
    () => resolveLines(config.lines, undefined, config.where),
    /gate\.yaml:6: lines\.outputs\.close: close and lift are both on pinctrl-bcm2711 line 17; give close a free pin/,
  );
  assert.not.ok(Object.keys(config).includes("where"));
});

test("a real driver with the simulated board is refused: its barrier would be said to open, and nothing would move", async () => {
  const config = parseConfig("lines: { driver: auto }\n").lines;
  await openDriver({ clock: fakeClock(), log: silentLog, config, lines: resolveLines(config) }).then(
    () => assert.unreachable("it must be refused"),
    (error: Error) => {
      assert.instance(error, LineError);
      assert.match(
        error.message,
        /lines\.driver is auto, but Simulated gate has no real lines.*raspberry-pi-4/,
      );
    },
  );
});

test("a polarity that does not fit its wiring is refused, saying which fits", () => {
  assert.match(
    refusal((b) => Object.assign(b.inputs.beam!, { activeLow: true })),
    /beam|normally closed contact with pull-up is active high; write "activeLow": false/,
  );
  assert.match(
    refusal((b) => Object.assign(b.outputs.lift!, { safeLevel: "high" })),
    /lift is active high, so its safe level is low, not high/,
  );
});

test("names that no line has, shapes that are none and a missing lift line are refused", () => {
  assert.match(
    refusal((b) => Object.assign(b.outputs, { gate: { ...b.outputs.lift! } })),
    /there is no line gate/,
  );
  assert.match(
    refusal((b) => Object.assign(b.outputs.lift!, { offset: "17" })),
    /outputs\.lift\.offset/,
  );
  assert.match(
    refusal(() => {}, { outputs: { lift: false } }),
    /no lift line is wired/,
  );
  assert.match(
    refusal((b) => Object.assign(b, { outputs: [] })),
    /outputs/,
  );
});

test("several mistakes are told at once", () => {
  const message = refusal((b) => {
    Object.assign(b.outputs.green!, { offset: 17 });
    Object.assign(b.inputs.beam!, { activeLow: true });
  });
  assert.is(message.split("\n").length, 3);
});

test("an unknown board names the ones there are", () => {
  assert.throws(() => resolveLines(lineSettings.parse({ board: "raspberry-pi-9" })), /raspberry-pi-5/);
  assert.throws(() => parseConfig("lines:\n  board: ../../etc/passwd\n"), /line 2: lines\.board/);
});

test("a configuration with impossible lines and pulses is refused with the lines of the file", () => {
  const text = `barrier:
  pulseMs: 0
lines:
  outputs:
    lift: { offset: 17 }
    close: { offset: 17 }
    gate: { offset: 4 }
`;
  try {
    parseConfig(text, "gate.yaml");
    assert.unreachable();
  } catch (error) {
    const message = (error as Error).message;
    assert.match(message, /line 2: barrier\.pulseMs/);
    assert.match(message, /line 6: lines\.outputs\.close: the board's chip line 17 is already lift/);
    assert.match(message, /line 7: lines\.outputs\.gate: there is no such line; use lift, close/);
  }
  assert.throws(() => parseConfig("barrier:\n  pulseMs: 60000\n"), /line 2: barrier\.pulseMs/);
});

test("when one line cannot be had, none stays open and nothing was energised", async () => {
  const clock = fakeClock();
  const lines = createSimulatedLines(clock);
  const spec = (name: string, offset: number) => ({ name, chip: "c", offset, activeLow: false });
  const gate = createGate({
    clock,
    log: silentLog,
    driver: async () => lines,
    lines: {
      board: "b",
      drivers: [],
      outputs: { lift: spec("lift", 1), green: spec("green", 1) },
      inputs: {},
    },
    barrier: parseConfig("").barrier,
    maxCommandAgeMs: 3000,
  });
  await gate.start().then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, "green: c line 1 is already used by lift"),
  );
  assert.equal(lines.edges(), []);
  assert.equal(lines.levels(), {});
  assert.is(gate.event({ type: "granted" }).reason, "not-running");
});

test.run();
