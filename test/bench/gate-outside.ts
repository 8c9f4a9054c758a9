/** What stands outside the gate process in the bench: it sends sightings as an eye does, and says when a contact moved. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../../src/system/clock.js";
import { sightingOf } from "../support/evidence.js";

const PICTURES_AFTER_MS = 10;
let n = 0;
// This process has next to nothing to do: how late its timers are is what the machine itself adds.
const delay = monitorEventLoopDelay({ resolution: 1 });
process.on("message", (ask: { what: "sighting" | "contact" | "machine"; gate: number }) => {
  if (ask.what === "machine") {
    if (ask.gate === 0) delay.enable();
    else process.send?.({ ...ask, ms: [50, 99, 100].map((p) => delay.percentile(p) / 1e6) });
    return;
  }
  const atMs = systemClock.monotonicMs();
  if (ask.what === "contact") process.send?.({ ...ask, atMs });
  else {
    // As an eye does it: the first word comes without pictures, they follow with the next frame.
    const sighting = sightingOf("AAA1", atMs, { trackId: `bench-${++n}` });
    process.send?.({ ...ask, atMs, sighting });
    const pictures = { crop: new Uint8Array(6000), frame: new Uint8Array(90_000) };
    const later = { ...sighting, phase: "update", ...pictures };
    setTimeout(() => process.send?.({ ...ask, atMs: null, sighting: later }), PICTURES_AFTER_MS);
  }
});
