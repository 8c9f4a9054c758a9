import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { resolveLines } from "../../src/gate/board.js";
import { openDriver } from "../../src/gate/driver.js";
import { LineError } from "../../src/gate/lines.js";
import { lineSettings } from "../../src/gate/settings.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";

const HOLDER = fileURLToPath(new URL("../support/lines-holder.js", import.meta.url));
const heldAs = `plategate-test-${process.pid}`;

function open() {
  const config = lineSettings.parse({ driver: "chardev", board: "raspberry-pi-4" });
  return openDriver({ clock: fakeClock(), log: silentLog, config, lines: resolveLines(config), heldAs });
}

async function otherGate() {
  const child = spawn(process.execPath, [HOLDER, heldAs], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

test("a second gate on the machine gets no line until the first one is gone, however it went", async () => {
  const first = await otherGate();
  await open().then(
    () => assert.unreachable("it must be refused"),
    (error: Error) => {
      assert.instance(error, LineError);
      assert.match(error.message, `another Plategate on this machine has the lines (process ${first.pid})`);
    },
  );
  first.kill("SIGKILL");
  await once(first, "exit");
  (await open()).close();
});

test("what is left of a gate and answers nothing keeps nobody from the lines", async () => {
  const stuck = await otherGate();
  stuck.kill("SIGSTOP");
  const driver = await open();
  driver.close();
  stuck.kill("SIGKILL");
  await once(stuck, "exit");
});

test("a gate whose lines were lost gets them again, also where its last try still hangs", async () => {
  const lost = await open();
  const next = await open();
  next.close();
  lost.close();
});

test.run();
