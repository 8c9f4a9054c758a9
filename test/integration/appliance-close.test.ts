import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Clock, systemClock } from "../../src/system/clock.js";
import { bareAppliance } from "../support/bare-appliance.js";
import { temporaryFolder } from "../support/folder.js";
import { until } from "../support/until.js";

/** The real clock, which tells what still waits for its time. */
function watchedClock() {
  const waiting = new Map<symbol, string>();
  const clock: Clock = {
    ...systemClock,
    after(delayMs, task) {
      const key = Symbol();
      const cancel = systemClock.after(delayMs, () => {
        waiting.delete(key);
        task();
      });
      waiting.set(key, `${delayMs} ms, set ${new Error().stack?.split("\n")[2]?.trim()}`);
      return () => {
        waiting.delete(key);
        cancel();
      };
    },
  };
  return { clock, waiting: () => [...waiting.values()] };
}

/** Servers, sockets, threads and children that keep this process from its end. */
const held = () =>
  process.getActiveResourcesInfo().filter((r) => !/^(PipeWrap|TTYWrap|Timeout|Immediate)$/.test(r));

for (const isLate of [false, true])
  test(`an appliance closed at any instant of its start leaves nothing running${isLate ? ", also when its data folder came late" : ""}`, async () => {
    for (let afterMs = 0; afterMs < (isLate ? 30 : 500); afterMs += isLate ? 15 : 40) {
      const card = temporaryFolder();
      if (isLate) symlinkSync(join(card, "gone"), join(card, "data"));
      const { clock, waiting } = watchedClock();
      const appliance = bareAppliance(join(card, "data"), clock);
      const started = appliance.start();
      if (isLate) {
        await started;
        mkdirSync(join(card, "gone"));
        await until(() => appliance.store.status().state === "ready", "the store to be open");
      }
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await appliance.close();
      await started;
      await until(() => waiting().length === 0 && held().length === 0, "all to be at rest").catch(() =>
        assert.equal([...waiting(), ...held()], [], `closed after ${afterMs} ms`),
      );
    }
    assert.equal(held(), []);
  });

test.run();
