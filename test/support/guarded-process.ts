/** Energises two lines (the second one active low) through a guard and stays; for the tests that kill it. */
import { writeFileSync } from "node:fs";
import { createLineGuard } from "../../src/gate/line-guard.js";
import { silentLog } from "../../src/system/log.js";

const [high = "", low = "", capMs = "0"] = process.argv.slice(2);
const guard = createLineGuard(silentLog);
guard.watch("high", high, 0);
guard.watch("low", low, 1);
guard.on("high", Number(capMs));
guard.on("low", Number(capMs));
writeFileSync(high, "1");
writeFileSync(low, "0");
console.log("energised");
setInterval(() => {}, 60_000);
