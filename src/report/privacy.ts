import { createHmac } from "node:crypto";

export type PlateStyle = "plain" | "masked" | "hashed";

export interface PlateCover {
  readonly style: PlateStyle;
  /** The plate as this receiver may see it; the empty plate stays empty. */
  cover(plate: string): string;
  /**
   * Covers every plate in the texts of a record, also others than its own: a sentence may name the listed plate that
   * was nearly read. The name of a plate's owner goes as well. Ids and words of ours stay as they are.
   */
  facts<T extends object>(facts: T): T;
}

/** Values that other messages or programs refer to; a short plate may well be a part of an id. */
const UNTOUCHED = /^(id|.*Id|camera|direction|verdict|reason|state|from|cause|code|input)$/;
/** Words in capitals that sentences of ours use. */
const NO_PLATES = new Set(["STOP"]);

/**
 * How a receiver sees plates. `masked` keeps the first two and the last character; `hashed` is the first 64 bits of
 * HMAC-SHA-256 under the installation's own key, so the same plate stays the same without being told, and nobody
 * without the key can try all plates.
 */
export function plateCover(style: PlateStyle, key: Buffer | null): PlateCover {
  if (style === "hashed" && (key === null || key.length < 16))
    throw new Error("report.plateKeyFile: hashed plates need a key file of at least 16 bytes.");
  const cover = (plate: string) => {
    if (style === "plain" || plate === "") return plate;
    if (style === "masked") return mask(plate);
    return `#${createHmac("sha256", key as Buffer)
      .update(plate)
      .digest("hex")
      .slice(0, 16)}`;
  };
  return {
    style,
    cover,
    facts(facts) {
      if (style === "plain") return facts;
      const { plate } = facts as { plate?: unknown };
      const own = typeof plate === "string" && plate !== "" ? loose(plate) : null;
      return walk(facts, "") as typeof facts;

      function walk(part: unknown, name: string): unknown {
        if (typeof part === "string") return UNTOUCHED.test(name) ? part : text(part);
        if (Array.isArray(part)) return part.map((p) => walk(p, name));
        if (part === null || typeof part !== "object") return part;
        return Object.fromEntries(Object.entries(part).map(([k, v]) => [k, walk(v, k)]));
      }

      function text(said: string): string {
        if (said === plate) return cover(said);
        // What is covered already must not be covered again, so both are found in one go.
        const all = own === null ? WORDS : new RegExp(`${own.source}|${WORDS.source}`, "g");
        return said
          .replace(OWNER, "")
          .replace(all, (found) =>
            isPlate(found, own) ? cover(found === plate ? found : bare(found)) : found,
          );
      }
    },
  };
}

/** A name in brackets, as in `is on the allow list (Ada).`; a percentage stays. */
const OWNER = / \((?![\d.]+ %\)).*\)/;
/** What could be a plate: capitals and digits. */
const WORDS = /(?<![A-Za-z0-9])[A-Z0-9]{2,12}(?![A-Za-z0-9])/g;

function isPlate(word: string, own: RegExp | null): boolean {
  if (own?.test(word) === true) return true;
  return (/[A-Z]/.test(word) || word.length >= 4) && !NO_PLATES.has(word);
}

function bare(written: string): string {
  return written.replace(/[ \-.]/g, "").toUpperCase();
}

function mask(plate: string): string {
  if (plate.length <= 3) return "*".repeat(plate.length);
  return `${plate.slice(0, 2)}${"*".repeat(plate.length - 3)}${plate.slice(-1)}`;
}

/** People write plates with blanks and dashes and in small letters: `ab-12 cde` is AB12CDE. */
function loose(plate: string): RegExp {
  const one = (c: string) =>
    /[A-Za-z]/.test(c) ? `[${c.toUpperCase()}${c.toLowerCase()}]` : c.replace(/[^0-9]/, "\\$&");
  return new RegExp(`(?<![A-Za-z0-9])${[...plate].map(one).join("[ \\-.]?")}(?![A-Za-z0-9])`);
}
