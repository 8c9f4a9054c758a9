import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import { createChardevDriver } from "../../src/gate/chardev.js";
import { type LineDriver, LineError } from "../../src/gate/lines.js";
import { createOnoffDriver } from "../../src/gate/onoff.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { fakeGuard, fakeHelper, fakePins, sysfsTree } from "../support/fake-lines.js";

/** One driver with hands on the other side of its lines. Offsets 0 to 7; `physical` is the level at the pin. */
interface Bench {
  driver: LineDriver;
  drive(name: string, offset: number, active: boolean): void;
  energised(name: string, offset: number): boolean;
  edgesOf(name: string, offset: number): number;
  end(): void;
}

const nothing = { board: "test", drivers: [], outputs: {}, inputs: {} } as const;

const benches: Record<string, () => Promise<Bench>> = {
  async simulated() {
    const driver = createSimulatedLines(fakeClock());
    return {
      driver,
      drive: (name, _offset, active) => driver.drive(name, active),
      energised: (name) => driver.edges().findLast((e) => e.name === name)?.energised === true,
      edgesOf: (name) => driver.edges().filter((e) => e.name === name).length,
      end: () => {},
    };
  },
  async onoff() {
    const tree = sysfsTree([{ dir: "gpiochip512", label: "chip", base: 512, lines: 8 }]);
    const pins = fakePins();
    const driver = await createOnoffDriver({
      log: silentLog,
      lines: nothing,
      root: tree.root,
      open: pins.open,
      guard: fakeGuard,
    });
    return {
      driver,
      drive: (_name, offset, active) => pins.drive(512 + offset, active ? 1 : 0),
      energised: (_name, offset) => pins.level(512 + offset) === 1,
      edgesOf: (_name, offset) => pins.edges.filter((e) => e.startsWith(`${512 + offset}:`)).length,
      end: tree.end,
    };
  },
  async chardev() {
    const fake = fakeHelper();
    const driver = await createChardevDriver({ log: silentLog, lines: nothing, helper: () => fake.helper });
    return {
      driver,
      drive: (name, _offset, active) => fake.say(`edge in:${name} ${active ? 1 : 0}`),
      energised: (name) => fake.level(`out:${name}`) === 1,
      edgesOf: (name) => fake.sent.filter((s) => s.startsWith(`set out:${name}`)).length,
      end: () => {},
    };
  },
};

for (const [kind, open] of Object.entries(benches)) {
  const contract: Test<Bench> = suite(`lines of ${kind}`) as unknown as Test<Bench>;
  const spec = (name: string, offset: number) => ({ name, chip: "chip", offset, activeLow: false });
  const test = (sentence: string, play: (bench: Bench) => Promise<void>) =>
    contract(sentence, async () => {
      const bench = await open();
      try {
        await play(bench);
      } finally {
        bench.driver.close();
        bench.end();
      }
    });

  test("an output starts de-energised, without an edge", async ({ driver, edgesOf, energised }) => {
    const line = await driver.openOutput(spec("lift", 5));
    assert.is(line.isEnergised(), false);
    assert.is(energised("lift", 5), false);
    assert.is(edgesOf("lift", 5), 0);
  });

  test("an output follows what it is told, and tells it back", async ({ driver, energised }) => {
    const line = await driver.openOutput(spec("lift", 5));
    assert.is(line.tookLevel(), false);
    line.set(true, 500);
    assert.equal([line.isEnergised(), line.tookLevel(), energised("lift", 5)], [true, true, true]);
    line.set(false);
    assert.equal([line.isEnergised(), line.tookLevel(), energised("lift", 5)], [false, true, false]);
  });

  test("closing an output releases it, and may be done twice", async ({ driver, energised }) => {
    const line = await driver.openOutput(spec("lift", 5));
    line.set(true);
    line.close();
    line.close();
    assert.is(energised("lift", 5), false);
  });

  test("closing the driver releases every output", async ({ driver, energised }) => {
    const line = await driver.openOutput(spec("lift", 5));
    line.set(true);
    driver.close();
    if (driver.kind !== "chardev") assert.is(energised("lift", 5), false);
  });

  test("an input tells its level and every edge", async ({ driver, drive }) => {
    const line = await driver.openInput(spec("beam", 2));
    const seen: boolean[] = [];
    line.onEdge((active) => void seen.push(active));
    assert.is(line.isActive(), false);
    drive("beam", 2, true);
    assert.is(line.isActive(), true);
    drive("beam", 2, false);
    assert.equal(seen, [true, false]);
  });

  test("a closed input says nothing any more", async ({ driver, drive }) => {
    const line = await driver.openInput(spec("beam", 2));
    const seen: boolean[] = [];
    line.onEdge((active) => void seen.push(active));
    line.close();
    drive("beam", 2, true);
    assert.equal(seen, []);
  });

  test("an input and an output may have the same name", async ({ driver, drive, energised }) => {
    const output = await driver.openOutput(spec("stop", 4));
    const input = await driver.openInput(spec("stop", 6));
    output.set(true);
    assert.is(energised("stop", 4), true);
    if (driver.kind !== "simulated") {
      assert.is(input.isActive(), false);
      drive("stop", 6, true);
      assert.is(input.isActive(), true);
    }
  });

  if (kind !== "simulated") {
    test("a chip that is not here and a line that it has not are refused in one sentence", async ({
      driver,
    }) => {
      for (const wrong of [{ ...spec("lift", 5), chip: "pinctrl-nowhere" }, spec("lift", 8)]) {
        try {
          await driver.openOutput(wrong);
          assert.unreachable();
        } catch (error) {
          assert.instance(error, LineError);
          assert.not.ok((error as Error).message.includes("\n"));
        }
      }
    });
  }
  contract.run();
}
