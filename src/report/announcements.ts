import type { Log } from "../system/log.js";
import type { Announced, KeptPort } from "./ports.js";

export interface Announcements {
  /** Topics that an earlier run left retained at the broker and that are not among `now`. */
  goneTopics(now: readonly string[]): readonly string[];
  /** Parts of the Home Assistant device that were announced earlier and are not among `now`. */
  goneParts(now: Announced["parts"]): Announced["parts"];
  /** This is what is out there now. */
  note(now: Partial<Announced>): void;
}

/**
 * Remembers over restarts what this appliance has left at the broker, so that what a setting has switched off or renamed
 * since is taken back: a broker keeps retained messages for ever, and Home Assistant the entities made of them.
 */
export async function createAnnouncements(
  log: Log,
  kept?: KeptPort<Partial<Announced>>,
): Promise<Announcements> {
  const former = { ...NOTHING, ...(await kept?.load()) };
  let known: Announced = former;

  return {
    goneTopics: (now) => former.topics.filter((topic) => !now.includes(topic)),
    goneParts: (now) => Object.fromEntries(Object.entries(former.parts).filter(([part]) => !(part in now))),
    note(now) {
      const next = { ...known, ...now };
      if (JSON.stringify(next) === JSON.stringify(known)) return;
      known = next;
      kept
        ?.save(next)
        .catch((error: Error) => log.warn({ error: error.message }, "what was announced cannot be noted"));
    },
  };
}

const NOTHING: Announced = { topics: [], parts: {} };
