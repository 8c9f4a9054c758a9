/** A store in a process that a test can kill: `store-process.js FOLDER`. Says `ready` when it is open, and ends with its input. */
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";

const [folder = ""] = process.argv.slice(2);
const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
await store.start();
console.log(store.isOwner() ? "ready owner" : "ready guest");
process.stdin.resume().once("end", () => void store.close());
