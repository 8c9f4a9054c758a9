import type { PassRecord } from "../core/records.js";
import type { Direction } from "../core/sighting.js";

type Side = "entry" | "exit";

export interface Passages {
  all(): Readonly<Record<string, { side: Side; at: number }>>;
  /** What it returns takes that back, unless the vehicle has gone somewhere since. */
  remember(plate: string, side: Side, at: number): () => void;
  /** True when there was something to forget. */
  forget(plate: string): boolean;
}

/** Where a vehicle goes that drives this way at a camera for this side; null: nobody knows yet, or not through the gate. */
export function sideDriven(serves: Side | "both", direction: Direction): Side | null {
  if (serves !== "both") return direction === "leaving" ? null : serves;
  return direction === "approaching" ? "entry" : direction === "leaving" ? "exit" : null;
}

/** More vehicles than this are not remembered; the ones that came longest ago go first. */
const MOST = 20_000;

/** Where each vehicle went last, begun from the passes that the store remembers. */
export function createPassages(
  cameras: readonly { name: string; direction: "entry" | "exit" | "both" }[],
  recent: readonly Pick<
    PassRecord,
    "plate" | "camera" | "direction" | "verdict" | "startedAt" | "letThrough"
  >[],
): Passages {
  const sides = new Map(cameras.map((c) => [c.name, c.direction]));
  const known = new Map<string, { side: Side; at: number }>();
  let copy: Record<string, { side: Side; at: number }> | null = null;
  for (const pass of recent) {
    // Older passes do not say whether the barrier took the grant; nearly always it did.
    if (pass.verdict !== "granted" || pass.letThrough === false) continue;
    const serves = sides.get(pass.camera) ?? "both";
    // A vehicle that was let in may back away a little before it is out of view.
    const side = serves === "both" ? sideDriven(serves, pass.direction) : serves;
    if (side !== null) put(pass.plate, side, pass.startedAt);
  }
  return {
    all() {
      copy ??= Object.fromEntries(known);
      return copy;
    },
    remember(plate, side, at) {
      const before = known.get(plate);
      put(plate, side, at);
      const made = known.get(plate);
      return () => {
        if (known.get(plate) !== made) return;
        copy = null;
        known.delete(plate);
        if (before !== undefined) put(plate, before.side, before.at);
      };
    },
    forget(plate) {
      copy = null;
      return known.delete(plate);
    },
  };

  function put(plate: string, side: Side, at: number): void {
    copy = null;
    known.delete(plate);
    known.set(plate, { side, at });
    if (known.size <= MOST) return;
    const oldest = known.keys().next().value;
    if (oldest !== undefined) known.delete(oldest);
  }
}
