import { createHmac, randomBytes } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, normalisePattern } from "../core/plate-pattern.js";
import type { PassEntry } from "../core/repositories.js";
import { replace } from "./json/journal.js";
import { wholeWord } from "./mentions.js";
import type { Served } from "./protocol.js";
import type { SyncAll } from "./sql/sync.js";
import type { EraseReport } from "./upkeep.js";

const KEY_BYTES = 32;

/**
 * Wraps repositories so that of a plate which no rule names only a keyed hash is kept: no text, no reading, no crop, no
 * frame, no evidence, no looks of the vehicle. The same plate gives the same hash, so its passes can still be counted, listed and erased by whoever
 * knows it. The key lies beside the database, not in it: a copy of the database alone tells nothing. Throws one sentence
 * when hashes were made and the key is no key.
 */
export function hideUnknownPlates(repositories: SyncAll<Served>, folder: string): SyncAll<Served> {
  const { passes, rules, upkeep } = repositories;
  const key = keyOf(
    join(folder, "plate-hash.key"),
    () => passes.list({ plate: "#*", limit: 1 }).items.length > 0,
  );
  const hashOf = (plate: string) =>
    `#${createHmac("sha256", key).update(plate).digest("hex").slice(0, 20).toUpperCase()}`;
  const isNamed = (plate: string) =>
    rules
      .all()
      .some((rule) => accepts({ text: normalisePattern(rule.plate), tolerance: rule.tolerance }, plate));
  return {
    ...repositories,
    passes: {
      ...passes,
      save(entry) {
        const { plate } = entry.pass;
        passes.save(
          plate === "" || plate.startsWith("#") || isNamed(plate) ? entry : hide(entry, plate, hashOf(plate)),
        );
      },
      list(filter) {
        const found = passes.list(filter);
        if (found.items.length > 0 || !filter.plate || /[?*#]/.test(filter.plate)) return found;
        return passes.list({
          ...filter,
          plate: hashOf(filter.plate.toUpperCase().replace(/[^A-Z0-9]/g, "")),
        });
      },
    },
    upkeep: {
      ...upkeep,
      erase: (plate) => sum(upkeep.erase(plate), upkeep.erase(hashOf(plate))),
    },
  };
}

function hide(entry: PassEntry, plate: string, hash: string): PassEntry {
  const whole = new RegExp(wholeWord(plate), "g");
  const blank = (text: string) => text.replace(whole, hash);
  const { read: _read, pictures: _pictures, appearance: _appearance, decision, ...rest } = entry;
  return {
    ...rest,
    pass: { ...entry.pass, plate: hash, sentence: blank(entry.pass.sentence) },
    events: entry.events.map((event) => ({ ...event, payload: blankInside(event.payload) })),
    // The evidence names what the plate could have been instead.
    ...(decision === undefined
      ? {}
      : {
          decision: {
            ...decision,
            plate: hash,
            sentence: blank(decision.sentence),
            evidence: '{"hidden":true}',
          },
        }),
  };

  /** Texts only: the digits of a plate may also be those of a number or an id. */
  function blankInside(payload: string): string {
    return JSON.stringify(
      JSON.parse(payload, (_, value) => (typeof value === "string" ? blank(value) : value)),
    );
  }
}

function keyOf(file: string, isUsed: () => boolean): Buffer {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return newKey(file);
  const key = readFileSync(file);
  if (key.length >= KEY_BYTES && key.some((byte) => byte !== 0)) return key;
  // A power cut left it before anything was hashed with it.
  if (!isUsed()) return newKey(file);
  throw new Error(
    `${file} is no key (${key.length} bytes, ${KEY_BYTES} are needed), so hashes made with it hide nothing: put the right file back, or remove it to have a new one made, with which plates of before are not recognised.`,
  );
}

function newKey(file: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  replace(file, key, 0o600);
  return key;
}

function sum(a: EraseReport, b: EraseReport): EraseReport {
  const { files: _, ...counts } = a;
  const added = Object.fromEntries(
    Object.entries(counts).map(([name, n]) => [name, n + b[name as keyof typeof counts]]),
  );
  return { ...(added as typeof counts), files: [...a.files, ...b.files] };
}
