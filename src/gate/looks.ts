import { type Appearance, isOdd, type Likeness, likenessOf } from "../core/appearance.js";
import type { OpenPass } from "../core/pass.js";
import type { PassLooks } from "../core/records.js";
import type { PassAppearance } from "../core/repositories.js";
import type { Sighting } from "../core/sighting.js";

/** What the vehicles of known plates looked like when they were let in; in memory, because the decision asks for it. */
export interface Looks {
  /** Takes in what a sighting shows of its vehicle. */
  see(sighting: Sighting): void;
  /** Of each of these plates that has a history: how much the vehicle of this track looks like it. */
  compare(trackId: string, plates: readonly string[]): Readonly<Record<string, Likeness>>;
  /** The same for the row of a pass; null: nothing can be said. */
  of(pass: OpenPass, plate: string): PassLooks | null;
  /** What the vehicle of this pass looks like, as far as it was seen. */
  appearance(pass: OpenPass): Appearance | undefined;
  /** The pass is over; one that was let in becomes part of its plate's history. */
  end(pass: OpenPass, plate: string): void;
  /** The history as the store knows it, oldest first: at the start, and when a plate was erased. */
  load(history: readonly PassAppearance[]): void;
}

/** Plates that are remembered, and earlier passes of each: about 2 kB a pass. */
const MOST_PLATES = 1000;
const MOST_EACH = 8;

export function createLooks(settings: { oddVehicle: "off" | "flag" | "ask"; minLikeness: number }): Looks {
  const histories = new Map<string, readonly Appearance[]>();
  const tracks = new Map<string, Appearance>();

  return {
    see({ trackId, appearance }) {
      if (appearance !== undefined && appearance !== null) tracks.set(trackId, appearance);
    },
    compare(trackId, plates) {
      const compared = plates.flatMap((plate) => {
        const likeness = likenessTo(plate, tracks.get(trackId));
        return likeness === null ? [] : [[plate, likeness] as const];
      });
      return Object.fromEntries(compared);
    },
    of(pass, plate) {
      const appearance = appearanceOf(pass);
      const found =
        settings.oddVehicle === "off" || appearance === undefined ? null : likenessTo(plate, appearance);
      if (found === null || found.likeness === null) return null;
      const { compared, likeness } = found;
      return { compared, likeness, isOdd: isOdd(found, settings.minLikeness) };
    },
    appearance: appearanceOf,
    end(pass, plate) {
      const appearance = appearanceOf(pass);
      for (const id of pass.tracks) tracks.delete(id);
      if (appearance !== undefined && pass.decision?.verdict === "granted") remember(plate, appearance);
    },
    load(history) {
      histories.clear();
      for (const { plate, appearance } of history) remember(plate, appearance);
    },
  };

  function appearanceOf(pass: OpenPass): Appearance | undefined {
    return (
      tracks.get(pass.best.trackId) ?? pass.tracks.map((id) => tracks.get(id)).find((a) => a !== undefined)
    );
  }

  /** null: this plate has no history that could be compared. */
  function likenessTo(plate: string, appearance: Appearance | undefined): Likeness | null {
    const history = histories.get(plate) ?? [];
    if (appearance === undefined)
      return history.length === 0 ? null : { compared: history.length, likeness: null };
    const all = history.map((one) => likenessOf(one, appearance)).filter((l) => l !== null);
    return all.length === 0 ? null : { compared: all.length, likeness: Math.max(...all) };
  }

  function remember(plate: string, appearance: Appearance): void {
    const before = histories.get(plate) ?? [];
    histories.delete(plate);
    histories.set(plate, [...before, appearance].slice(-MOST_EACH));
    const oldest = histories.keys().next().value;
    if (histories.size > MOST_PLATES && oldest !== undefined) histories.delete(oldest);
  }
}
