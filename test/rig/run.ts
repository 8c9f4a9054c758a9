/**
 * `npm run rig`: boots a real Linux kernel with real GPIO lines in QEMU and runs the gate process in it, once through onoff and
 * once through the character device. Inputs are driven, and outputs counted, at the pins of the emulated chip: what is checked
 * is the level, not what the program believes. Not part of `npm test`; skipped (exit 77) where QEMU cannot be had.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootMachine } from "./machine.js";
import { createReferee, type Referee } from "./referee.js";
import { scenarios } from "./scenarios.js";

const script = fileURLToPath(new URL("../../../test/rig/prepare.sh", import.meta.url));
const cache = process.env.RIG_CACHE ?? "/var/tmp/plategate-rig";

const prepared = spawnSync("bash", [script, cache], { stdio: "inherit" });
if (prepared.status === 77) {
  console.log(
    "SKIPPED the emulated board: its tools cannot be installed here\n\n0 passed, 0 failed, 1 skipped",
  );
  process.exit(77);
}
if (prepared.status !== 0) {
  console.log("The emulated board could not be made.\n\n0 passed, 1 failed");
  process.exit(1);
}

const referee: Referee = createReferee();
const machine = await bootMachine(join(cache, "kernel"), join(cache, "initrd.img"));
try {
  await scenarios(machine, referee);
} catch (error) {
  referee.failed("the rig", (error as Error).message);
} finally {
  await machine.stop();
}
console.log(`\n${referee.passes()} passed, ${referee.failures()} failed`);
process.exit(referee.failures() > 0 ? 1 : 0);
