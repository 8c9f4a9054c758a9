import type { AccessRequest } from "../core/access.js";
import type { Direction, Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Gate } from "./gate-types.js";
import type { Looks } from "./looks.js";
import type { Passages } from "./passages.js";

export interface Requests {
  /** Everything a decision on this sighting is made from, as it is now. */
  of(sighting: Sighting, direction: Direction): AccessRequest;
  /** What a vehicle wants that drives this way at this camera. */
  wants(camera: string, direction: Direction): AccessRequest["wants"];
}

export function createRequests(deps: {
  clock: Clock;
  cameras: ReadonlyMap<string, "entry" | "exit" | "both">;
  gate: Pick<Gate, "mode">;
  clockTrusted: () => boolean;
  passages: Passages;
  looks: Pick<Looks, "compare">;
}): Requests {
  const { clock, cameras } = deps;
  return {
    of: (sighting, direction) => ({
      plate: sighting.plate,
      probability: sighting.probability,
      candidates: sighting.candidates,
      evidence: sighting.evidence,
      wants: wants(sighting.camera, direction),
      leaving: cameras.get(sighting.camera) !== "both" && direction === "leaving",
      frameAgeMs: clock.monotonicMs() - sighting.lastFrameAtMs,
      wallMs: clock.wallMs(),
      clockTrusted: deps.clockTrusted(),
      locked: deps.gate.mode() === "locked",
      passages: deps.passages.all(),
      looks: deps.looks.compare(sighting.trackId, [
        ...new Set([sighting.plate, ...sighting.candidates.map((c) => c.text)]),
      ]),
    }),
    wants,
  };

  function wants(camera: string, direction: Direction): AccessRequest["wants"] {
    const side = cameras.get(camera) ?? "both";
    if (side !== "both") return side;
    return direction === "approaching" ? "entry" : direction === "leaving" ? "exit" : "unknown";
  }
}
