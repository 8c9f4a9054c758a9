/** The numbers are those of our list of what a Home Assistant device must do; src/report/README.md has the list. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeShort } from "../../src/report/home-assistant.js";
import { type HaOptions, haDevice } from "../../src/report/home-assistant-device.js";
import { watchStalls } from "../../src/report/stall.js";
import { topicsOf } from "../../src/report/topics.js";
import { fakeClock } from "../support/fake-clock.js";

const identity = {
  site: "demo",
  gate: "main",
  serial: "10000000abcdef01",
  version: "0.1.0",
  pageUrl: "http://gate.local:8080",
};
const topics = topicsOf("plategate", "demo", "main");
const options: HaOptions = {
  prefix: "homeassistant",
  commands: true,
  pictures: true,
  inputs: ["beam", "exit", "loop"],
  cameras: ["eye:front"],
};

type Entity = Record<string, unknown>;
interface Device {
  dev: Record<string, unknown>;
  o: Record<string, unknown>;
  availability: { topic: string }[];
  cmps: Record<string, Entity>;
}

test("HA 1, 2: the device is announced below the configured prefix with dev, o and cmps; every part has p and unique_id", () => {
  assert.is(
    haDevice(identity, topics, { ...options, prefix: "ha" }).topic,
    "ha/device/plategate_10000000abcdef01/config",
  );
  const { dev, o, cmps } = device();
  assert.ok(dev && o && cmps);
  for (const [key, c] of entities())
    assert.ok(typeof c.p === "string" && typeof c.unique_id === "string", key);
  const ids = entities().map(([, c]) => c.unique_id);
  assert.is(new Set(ids).size, ids.length);
});

test("HA 3, 4: origin and device say who made it, which one it is and where its page is", () => {
  const { dev, o } = device();
  assert.equal(o, { name: "plategate", sw_version: "0.1.0", support_url: "http://gate.local:8080" });
  assert.equal(dev.identifiers, ["plategate_10000000abcdef01"]);
  for (const field of ["manufacturer", "model", "sw_version", "hw_version", "configuration_url"])
    assert.type(dev[field], "string", field);
});

test("HA 5: another name, address or broker changes no unique_id", () => {
  const renamed = JSON.parse(
    haDevice(
      { ...identity, site: "new", gate: "back", pageUrl: "http://10.0.0.9" },
      topicsOf("x", "new", "back"),
      options,
    ).payload,
  ) as Device;
  for (const [key, c] of entities()) assert.is(renamed.cmps[key]?.unique_id, c.unique_id);
  assert.not.match(JSON.stringify(entities().map(([, c]) => c.unique_id)), /demo|main|gate\.local/);
});

test("HA 5, 23: several gates on one machine are told apart by an id of their own", () => {
  const other = haDevice(identity, topics, { ...options, deviceId: "back" });
  assert.is(other.topic, "homeassistant/device/plategate_back/config");
  assert.not.match(other.payload, `plategate_${identity.serial}`);
});

test("HA 6: default_entity_id is used, with the platform in front, and object_id is not", () => {
  for (const [, c] of entities()) assert.ok(String(c.default_entity_id).startsWith(`${c.p}.demo_main_`));
  assert.not.match(JSON.stringify(device()), /object_id/);
});

test("HA 8: every entity has availability, those of the camera need the camera too", () => {
  assert.equal(device().availability, [{ topic: "plategate/demo/main/availability" }]);
  for (const key of ["plate", "picture"]) {
    const c = device().cmps[key]!;
    assert.is(c.availability_mode, "all");
    assert.equal(
      (c.availability as { topic: string }[]).map((a) => a.topic),
      [topics.availability, topics.cameras],
    );
  }
});

test("HA 11: no entity sends retained commands", () => {
  for (const [key, c] of entities()) if ("command_topic" in c) assert.is(c.retain, false, key);
});

test("HA 12: the plate is an event entity with four types", () => {
  const { plate } = device().cmps;
  assert.is(plate!.p, "event");
  assert.equal(plate!.event_types, ["read", "opened", "refused", "ask"]);
});

test("HA 14: the barrier is a cover of class gate without guessing; what is not known is None", () => {
  const { barrier } = device().cmps;
  assert.is(barrier!.p, "cover");
  assert.is(barrier!.device_class, "gate");
  assert.is(barrier!.optimistic, false);
  for (const word of ["opening", "open", "closing", "closed", "stopped"])
    assert.match(String(barrier!.value_template), `'${word}'`);
  assert.match(String(barrier!.value_template), "'None'");
  assert.is(barrier!.payload_stop, null, "stopping is for the hardware, not for a message");
});

test("HA 15: binary sensors, sensors, switch, button, and update where a newer version can be known", () => {
  const classes = entities().map(([, c]) => `${c.p}:${c.device_class ?? ""}`);
  for (const wanted of [
    "binary_sensor:problem",
    "binary_sensor:tamper",
    "binary_sensor:occupancy",
    "binary_sensor:connectivity",
    "sensor:temperature",
    "sensor:data_size",
    "switch:",
    "button:",
  ])
    assert.ok(classes.includes(wanted), wanted);
  for (const key of ["held", "open_too_long", "last_plate", "read_rate", "input_beam"])
    assert.ok(device().cmps[key], key);
  assert.equal(device().cmps.update, { p: "update" });
  const known = JSON.parse(
    haDevice({ ...identity, latestVersion: "0.2.0" }, topics, options).payload,
  ) as Device;
  assert.is(known.cmps.update?.device_class, "firmware");
});

test("HA 15: the commands of switch and button carry a nonce and the time, the hold an end", () => {
  const { hold, open } = device().cmps;
  for (const c of [hold!, open!]) {
    assert.match(String(c.command_template), '"nonce":"ha-{{');
    assert.match(String(c.command_template), '"issuedAt":{{ (now().timestamp() * 1000) | int }}');
  }
  assert.match(String(hold!.command_template), '"holdMs":3600000');
});

test("HA 16: the picture is an image with its content type", () => {
  const { picture } = device().cmps;
  assert.is(picture!.content_type, "image/jpeg");
  assert.is(picture!.image_topic, topics.crop);
});

test("HA 17: what is not for everyday is marked diagnostic, what is noisy is off at first", () => {
  for (const key of ["problem", "temperature", "disk_free", "read_rate", "eye_front"])
    assert.is(device().cmps[key]?.entity_category, "diagnostic", key);
  for (const key of ["pictures_per_second", "test_pulse"])
    assert.is(device().cmps[key]?.enabled_by_default, false, key);
});

test("HA 18: figures expire and have valid units; nothing is an empty string", () => {
  for (const key of ["temperature", "disk_free", "read_rate", "pictures_per_second"]) {
    const c = device().cmps[key]!;
    assert.is(c.expire_after, 900, key);
    assert.is(c.state_class, "measurement", key);
    assert.type(c.unit_of_measurement, "string", key);
  }
  assert.type(device().cmps.temperature?.suggested_display_precision, "number");
  assert.not.match(JSON.stringify(device()), '""');
});

test("HA 19: what is switched off is taken back: only p is left of it", () => {
  const { cmps } = JSON.parse(
    haDevice(identity, topics, { ...options, commands: false, pictures: false }).payload,
  ) as Device;
  assert.equal(
    [cmps.hold, cmps.open, cmps.test_pulse, cmps.picture],
    [{ p: "switch" }, { p: "button" }, { p: "button" }, { p: "image" }],
  );
  assert.not.ok("command_topic" in cmps.barrier!);
});

test("HA 20: with ten cameras and twenty inputs the announcement is below 64 kB", () => {
  const many = {
    ...options,
    inputs: Array.from({ length: 20 }, (_, i) => `input-number-${i}`),
    cameras: Array.from({ length: 10 }, (_, i) => `eye:camera-${i}`),
  };
  assert.ok(Buffer.byteLength(haDevice(identity, topics, many).payload) < 64_000);
});

test("HA 11: short commands are refused when retained, repeated, late, unknown or twice within a second", () => {
  const fresh = { retain: false, dup: false, again: false, late: false };
  const say = (text: string, more: object = {}) => {
    const verdict = judgeShort(Buffer.from(text), { ...fresh, ...more });
    return "refuse" in verdict ? verdict.refuse : verdict.accept;
  };
  assert.equal(
    ["OPEN", "CLOSE"].map((t) => say(t)),
    ["open", "close"],
  );
  assert.equal(
    [{ retain: true }, { dup: true }, { again: true }, { late: true }].map((more) => say("OPEN", more)),
    ["retained", "duplicate", "duplicate", "expired"],
  );
  assert.equal(
    ["open", "OPEN ", "STOP", "", "OPENOPEN", "\u0000OPEN"].map((t) => say(t)),
    Array(6).fill("malformed"),
  );
});

test("a process that stood still mistrusts what comes in within the next second, by either clock", () => {
  for (const still of [
    { monotonic: 5000, wall: 5000 },
    { monotonic: 0, wall: 5000 },
  ]) {
    const clock = fakeClock();
    const lag = { monotonic: 0, wall: 0 };
    const lagging = {
      after: clock.after,
      monotonicMs: () => clock.monotonicMs() + lag.monotonic,
      wallMs: () => clock.wallMs() + lag.wall,
    };
    const watch = watchStalls(lagging, () => null);
    watch.start();
    clock.advance(10_000);
    assert.not.ok(watch.isSuspect());
    Object.assign(lag, still);
    assert.ok(watch.isSuspect(), "seen even before the next tick");
    clock.advance(500);
    assert.ok(watch.isSuspect());
    clock.advance(1001);
    assert.not.ok(watch.isSuspect());
    watch.close();
  }
});

test("a line that left a probe unanswered for two seconds is mistrusted until a second after the answer", async () => {
  const clock = fakeClock();
  let answer = () => {};
  const line = { isOpen: true, probes: 0 };
  const watch = watchStalls(clock, () => {
    line.probes++;
    return line.isOpen ? Promise.resolve() : new Promise((resolve) => (answer = resolve));
  });
  const pass = async (ms: number) => {
    for (let gone = 0; gone < ms; gone += 100) {
      clock.advance(100);
      await Promise.resolve();
    }
  };
  watch.start();
  await pass(10_000);
  assert.is(line.probes, 5);
  assert.not.ok(watch.isSuspect());
  line.isOpen = false;
  await pass(4500);
  assert.ok(watch.isSuspect());
  await pass(60_000);
  assert.ok(watch.isSuspect());
  assert.is(line.probes, 6, "one at a time");
  line.isOpen = true;
  answer();
  await pass(900);
  assert.ok(watch.isSuspect());
  await pass(200);
  assert.not.ok(watch.isSuspect());
  await pass(10_000);
  assert.not.ok(watch.isSuspect());
  watch.close();
});

test.run();

function device(): Device {
  return JSON.parse(haDevice(identity, topics, options).payload) as Device;
}

function entities(): [string, Entity][] {
  return Object.entries(device().cmps).filter(([, c]) => Object.keys(c).length > 1);
}
