import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { listener } from "../support/mqtt-listener.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const script = fileURLToPath(new URL("../support/report-process.js", import.meta.url));
const topic = "plategate/demo/main/event/pass";

if (mosquittoPath === null)
  test("killing the reporting process", () =>
    skipLoudly("killing the reporting process", "there is no mosquitto on this machine"));
else
  test(
    "killed again and again between commit and acknowledgement, every pass in the database is reported, in order, by its id",
    scoped(async (use) => {
      const broker = use(await mosquitto(["allow_anonymous true", "max_queued_messages 0"]));
      await broker.start();
      const ear = use(await listener(broker.url, topic));
      const folder = temporaryFolder();
      // Each start commits some passes of its own numbers again (the same ids: nothing new) and some new ones.
      for (const [count, heard] of [
        [150, 50],
        [300, 180],
        [450, 350],
      ] as const) {
        const child = start(use, folder, broker.url, count);
        await until(() => new Set(ids()).size >= heard, `${heard} came`, 60_000);
        child.kill("SIGKILL");
        await new Promise((resolve) => child.once("exit", resolve));
      }
      const store = use(createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog }));
      await store.start();
      const page = await store.passes.list({ limit: 1000 });
      const known = new Set(page.items.map((p) => p.id));
      await store.close();
      const last = start(use, folder, broker.url, 0);
      await until(() => new Set(ids()).size >= known.size, "all of the database came");
      const first = [...new Set(ids())];
      assert.equal(
        first,
        Array.from({ length: known.size }, (_, i) => `p${i}`),
      );
      assert.ok(
        ids().length - first.length <= 3 * 128 + 300,
        "what came twice had not been acknowledged yet",
      );
      last.kill("SIGKILL");

      function ids(): string[] {
        return ear.json(topic).map((m) => (m.pass as { id: string }).id);
      }
    }),
  );

test.run();

function start(
  use: <T extends { close(): unknown }>(part: T) => T,
  folder: string,
  url: string,
  count: number,
): ChildProcess {
  const child = spawn(process.execPath, [script, folder, url, String(count)], { stdio: "ignore" });
  use({ close: () => child.kill("SIGKILL") });
  return child;
}
