/** Holds the lines of a machine under this name until it is killed, for the test of a second gate. */
import { holdLines } from "../../src/gate/hold-lines.js";

await holdLines(process.argv[2]);
console.log("held");
setInterval(() => {}, 60_000);
