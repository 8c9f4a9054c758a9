import { join } from "node:path";
import type { Config } from "../config.js";
import type { PassAppearance } from "../core/repositories.js";
import { createLane, type Lane, type LaneDeps } from "../gate/lane.js";
import { createPlacesFile, PLACES_NAME } from "../gate/places-file.js";
import { rehearse } from "../gate/rehearsal.js";
import type { Store } from "../store/store.js";
import { withoutForgotten } from "./recent-passes.js";

/** Newest granted passes whose looks are held in memory, 2 kB each. */
const LOOKS_REMEMBERED = 4000;
/** Newest granted passes from which anti-passback learns who is inside. */
const PASSAGES_REMEMBERED = 1000;
const DAY_MS = 86_400_000;

/** A lane that has been rehearsed, and knows what the store remembers of earlier vehicles. */
export async function openLane(
  deps: Omit<LaneDeps, "looks" | "recent" | "places"> & {
    config: Pick<Config, "store">;
    folder: string;
  },
  store: Pick<Store, "passes" | "audit">,
): Promise<Lane> {
  const { config, clock, log, rules, folder } = deps;
  const keptMs = config.store.passDays * DAY_MS;
  const isOver = (at: number) => deps.clockTrusted() && at < clock.wallMs() - keptMs;
  // Without it the first vehicle waits some milliseconds longer: no reason not to start.
  await rehearse({ config, clock, rules: rules() }).catch((error) =>
    log.warn({ err: String(error) }, "The decision could not be rehearsed; the first one takes longer."),
  );
  // Of a busy street nearly all passes are of strangers: only those that opened are asked for.
  const { items: granted } = await store.passes.list({ verdict: "granted", limit: PASSAGES_REMEMBERED });
  return createLane({
    ...deps,
    recent: await withoutForgotten(granted.toReversed(), store.audit),
    looks: await looksOf(store),
    places: createPlacesFile(join(folder, PLACES_NAME), log, isOver),
  });
}

/** What the vehicles of the newest passes looked like. */
export function looksOf({ passes }: Pick<Store, "passes">): Promise<readonly PassAppearance[]> {
  return passes.looks(LOOKS_REMEMBERED);
}
