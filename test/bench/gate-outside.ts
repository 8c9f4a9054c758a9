/** What stands outside the gate process in the bench: it sends sightings as an eye does, and says when a contact moved. */
import { systemClock } from "../../src/system/clock.js";
import { sightingOf } from "../support/evidence.js";

let n = 0;
process.on("message", (ask: { what: "sighting" | "contact"; gate: number }) => {
  const atMs = systemClock.monotonicMs();
  if (ask.what === "contact") process.send?.({ ...ask, atMs });
  else {
    const crop = new Uint8Array(6000);
    const sighting = sightingOf("AAA1", atMs, {
      trackId: `bench-${++n}`,
      crop,
      frame: new Uint8Array(90_000),
    });
    process.send?.({ ...ask, atMs, sighting });
  }
});
