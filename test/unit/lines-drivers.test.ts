import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createChardevDriver } from "../../src/gate/chardev.js";
import { LineError } from "../../src/gate/lines.js";
import { createOnoffDriver } from "../../src/gate/onoff.js";
import { silentLog } from "../../src/system/log.js";
import { fakeGuard, fakeHelper, fakePins, sysfsTree } from "../support/fake-lines.js";

const nothing = { board: "test", drivers: [], outputs: {}, inputs: {} } as const;

const onoff = suite("onoff");

onoff("an active-low line is high when it is released, from its very first moment", async () => {
  const tree = sysfsTree([{ dir: "gpiochip0", label: "chip", base: 0, lines: 8 }]);
  const pins = fakePins();
  const guard = fakeGuard();
  const driver = await createOnoffDriver({
    log: silentLog,
    lines: nothing,
    root: tree.root,
    open: pins.open,
    guard: () => guard,
  });
  const line = await driver.openOutput({ name: "lift", chip: "chip", offset: 3, activeLow: true });
  assert.equal(pins.directions, ["3 high"]);
  assert.is(line.isEnergised(), false);
  line.set(true, 500);
  assert.is(pins.level(3), 0);
  line.close();
  assert.is(pins.level(3), 1);
  assert.equal(guard.said.slice(0, 2), [`watch lift 1 ${tree.root}/gpio3/value`, "on lift 500"]);
  driver.close();
  tree.end();
});

onoff("a line left energised by a killed process is released by opening it", async () => {
  const tree = sysfsTree([{ dir: "gpiochip0", label: "chip", base: 0, lines: 8 }]);
  const pins = fakePins();
  pins.preset(3, 1);
  const driver = await createOnoffDriver({
    log: silentLog,
    lines: nothing,
    root: tree.root,
    open: pins.open,
    guard: fakeGuard,
  });
  await driver.openOutput({ name: "lift", chip: "chip", offset: 3, activeLow: false });
  assert.equal(pins.edges, ["3:0"]);
  driver.close();
  tree.end();
});

onoff("what the kernel answers becomes a sentence that says what to do", async () => {
  const tree = sysfsTree([{ dir: "gpiochip0", label: "chip", base: 0, lines: 8 }]);
  for (const [code, part] of [
    ["EBUSY", "another pin"],
    ["EINVAL", "no such line"],
    ["ENOENT", "chardev"],
    ["EACCES", "group gpio"],
    ["EIO", "EIO"],
    ["EWHAT", "EWHAT"],
  ] as const) {
    const pins = fakePins();
    pins.refuse(3, code);
    const driver = await createOnoffDriver({
      log: silentLog,
      lines: nothing,
      root: tree.root,
      open: pins.open,
      guard: fakeGuard,
    });
    try {
      await driver.openOutput({ name: "lift", chip: "chip", offset: 3, activeLow: false });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, part);
      assert.match((error as Error).message, "lift (chip line 3, number 3)");
    }
    driver.close();
  }
  tree.end();
});

onoff("a guard that dies is a failure of the driver", async () => {
  const tree = sysfsTree([{ dir: "gpiochip0", label: "chip", base: 0, lines: 8 }]);
  const guard = fakeGuard();
  const driver = await createOnoffDriver({
    log: silentLog,
    lines: nothing,
    root: tree.root,
    open: fakePins().open,
    guard: () => guard,
  });
  let sentence = "";
  driver.onFailure?.((s) => {
    sentence = s;
  });
  guard.lose("gone");
  assert.is(sentence, "gone");
  driver.close();
  tree.end();
});

onoff.run();

const chardev = suite("chardev");

chardev("the cap of a pulse goes to the helper with the level", async () => {
  const fake = fakeHelper();
  const driver = await createChardevDriver({ log: silentLog, lines: nothing, helper: () => fake.helper });
  const line = await driver.openOutput({
    name: "lift",
    chip: "chip",
    offset: 5,
    activeLow: true,
    bias: "pull-up",
  });
  line.set(true, 499.2);
  line.set(false);
  assert.equal(fake.sent, ["out out:lift 1 pull-up 5 chip", "set out:lift 1 500", "set out:lift 0 0"]);
});

chardev("a pulse shorter than this process can look comes as two edges", async () => {
  const fake = fakeHelper();
  const driver = await createChardevDriver({ log: silentLog, lines: nothing, helper: () => fake.helper });
  const line = await driver.openInput({ name: "beam", chip: "chip", offset: 2, activeLow: false });
  const seen: boolean[] = [];
  line.onEdge((active) => void seen.push(active));
  fake.say("edge in:beam 1");
  fake.say("edge in:beam 0");
  assert.equal(seen, [true, false]);
});

chardev("a helper that dies fails what is being opened, every later use, and tells", async () => {
  const fake = fakeHelper();
  const driver = await createChardevDriver({ log: silentLog, lines: nothing, helper: () => fake.helper });
  const output = await driver.openOutput({ name: "lift", chip: "chip", offset: 5, activeLow: false });
  const input = await driver.openInput({ name: "beam", chip: "chip", offset: 2, activeLow: false });
  output.set(true);
  let sentence = "";
  driver.onFailure?.((s) => {
    sentence = s;
  });
  fake.lose("it ended.");
  assert.is(sentence, "it ended.");
  assert.is(output.isEnergised(), false);
  assert.throws(
    () => output.set(true),
    (e: Error) => e instanceof LineError,
  );
  assert.throws(
    () => input.isActive(),
    (e: Error) => e instanceof LineError,
  );
  await driver.openOutput({ name: "close", chip: "chip", offset: 4, activeLow: false }).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, LineError),
  );
});

chardev("rubbish from the helper harms nothing", async () => {
  const fake = fakeHelper();
  const driver = await createChardevDriver({ log: silentLog, lines: nothing, helper: () => fake.helper });
  for (const line of [
    "",
    " ",
    "edge",
    "edge nowhere 1",
    "level out:lift",
    "opened ghost 1",
    "failed",
    "\u0000\u0001",
  ])
    fake.say(line);
  await driver.openOutput({ name: "lift", chip: "chip", offset: 5, activeLow: false });
});

chardev.run();
