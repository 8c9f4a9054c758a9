import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Log } from "../system/log.js";
import { replaceFile } from "../system/replace-file.js";

/** Its name in the data folder. */
export const PLACES_NAME = "standing.json";

const share = z.number().min(-10).max(10);

/** Where a vehicle was seen last at a camera; the box in shares of the picture's width and height. */
const place = z.object({
  camera: z.string(),
  plate: z.string().min(1),
  box: z.tuple([share, share, share.positive(), share.positive()]).readonly(),
  /** Wall ms. */
  at: z.number(),
});
export type Place = Readonly<z.infer<typeof place>>;

/** Keeps places over a restart, in a small file of their own: the lane must know them before the first sighting. */
export interface PlacesFile {
  /** What an earlier process left; nothing, if that cannot be understood. */
  read(): readonly Place[];
  /** Begins to write; never throws and never waits. What was erased from the file meanwhile is forgotten first. */
  write(all: () => readonly Place[], forget: (place: Place) => void): void;
  /** Fulfils when nothing is being written. */
  settled(): Promise<void>;
}

/** `isOver`: the time for which plates are kept has passed since then. */
export function createPlacesFile(path: string, log: Log, isOver: (at: number) => boolean): PlacesFile {
  let writing: Promise<void> = Promise.resolve();
  let isWaiting = false;
  let onCard: readonly Place[] = [];
  let isKept = true;

  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") unreadable((error as Error).message);
        return [];
      }
      const found = placesOf(text);
      if (found === null) unreadable("it is not as this program writes it");
      onCard = found ?? [];
      return onCard.filter((p) => !isOver(p.at));
    },
    write(all, forget) {
      if (isWaiting) return;
      isWaiting = true;
      writing = writing.then(async () => {
        isWaiting = false;
        try {
          const found = placesOf(await readFile(path, "utf8").catch(() => ""));
          // Only a whole file says that something was taken out of it.
          if (found !== null)
            for (const known of onCard) if (!found.some((p) => isOf(p, known))) forget(known);
          for (const known of all()) if (isOver(known.at)) forget(known);
          const places = all();
          await replaceFile(path, placesText(places));
          onCard = places;
          isKept = true;
        } catch (error) {
          if (isKept)
            log.error(
              { path, error: (error as Error).message },
              "Where vehicles stand could not be kept; after a restart the barrier may open once more for them.",
            );
          isKept = false;
        }
      });
    },
    settled: () => writing,
  };

  function unreadable(why: string): void {
    log.warn(
      { path, why },
      "Where vehicles stood cannot be read: the barrier may open once more for each that still stands there.",
    );
  }
}

/** What the text of the file says; null: it is not as this program writes it. */
export function placesOf(text: string): readonly Place[] | null {
  try {
    return z.array(place).parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function placesText(places: readonly Place[]): string {
  return `${JSON.stringify(places)}\n`;
}

function isOf(a: Place, b: Place): boolean {
  return a.camera === b.camera && a.plate === b.plate;
}
