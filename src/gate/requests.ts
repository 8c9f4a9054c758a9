import type { AccessRequest } from "../core/access.js";
import { passDefaults } from "../core/pass.js";
import type { Direction, Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Gate } from "./gate-types.js";
import type { Looks } from "./looks.js";
import { type Passages, sideDriven } from "./passages.js";

export interface Requests {
  /** Everything a decision on this sighting is made from, as it is now. */
  of(sighting: Sighting, direction: Direction): AccessRequest;
  /** It drives away from the gate that this camera looks at. */
  isLeaving(camera: string, direction: Direction): boolean;
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
      leaving: isLeaving(sighting.camera, direction),
      directionPending:
        isOneWay(sighting.camera) &&
        direction === "unknown" &&
        clock.monotonicMs() - sighting.firstFrameAtMs < passDefaults.directionMs,
      frameAgeMs: clock.monotonicMs() - sighting.lastFrameAtMs,
      wallMs: clock.wallMs(),
      clockTrusted: deps.clockTrusted(),
      locked: deps.gate.mode() === "locked",
      passages: deps.passages.all(),
      looks: deps.looks.compare(sighting.trackId, [
        ...new Set([sighting.plate, ...sighting.candidates.map((c) => c.text)]),
      ]),
    }),
    isLeaving,
  };

  function isLeaving(camera: string, direction: Direction): boolean {
    return isOneWay(camera) && direction === "leaving";
  }

  function isOneWay(camera: string): boolean {
    return cameras.get(camera) !== "both";
  }

  /** What a vehicle wants that drives this way at this camera. */
  function wants(camera: string, direction: Direction): AccessRequest["wants"] {
    const side = cameras.get(camera) ?? "both";
    return side !== "both" ? side : (sideDriven(side, direction) ?? "unknown");
  }
}
