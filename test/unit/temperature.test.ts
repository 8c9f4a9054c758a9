import { test } from "uvu";
import * as assert from "uvu/assert";
import { watchTemperature } from "../../src/system/temperature.js";
import { fakeClock } from "../support/fake-clock.js";

test("a hot processor is a warning, and a sensor that goes away is no fault", async () => {
  const clock = fakeClock();
  let text = "84500\n";
  const watch = watchTemperature(clock, async () => text);
  await watch.start();
  assert.is(watch.celsius(), 84.5);
  assert.is(watch.read().state, "warning");
  text = "no number";
  clock.advance(15_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(watch.celsius(), null);
  assert.is(watch.read().state, "good");
  watch.close();
});

test.run();
