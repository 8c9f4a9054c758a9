import { createHmac } from "node:crypto";

export type PlateStyle = "plain" | "masked" | "hashed";

export interface PlateCover {
  readonly style: PlateStyle;
  /** The plate as this receiver may see it; the empty plate stays empty. */
  cover(plate: string): string;
  /** Covers `plate` wherever it stands in the strings of a JSON value, also inside sentences. */
  within<T>(value: T, plates: readonly string[]): T;
}

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
    within(value, plates) {
      if (style === "plain") return value;
      // Longest first, so that a plate inside another one does not leave its rest behind.
      const known = [...new Set(plates)].filter((p) => p !== "").sort((a, b) => b.length - a.length);
      return known.length === 0 ? value : (walk(value) as typeof value);

      function walk(part: unknown): unknown {
        if (typeof part === "string")
          return known.reduce((text, p) => text.replace(loose(p), cover(p)), part);
        if (Array.isArray(part)) return part.map(walk);
        if (part === null || typeof part !== "object") return part;
        return Object.fromEntries(Object.entries(part).map(([k, v]) => [walk(k), walk(v)]));
      }
    },
  };
}

function mask(plate: string): string {
  if (plate.length <= 3) return "*".repeat(plate.length);
  return `${plate.slice(0, 2)}${"*".repeat(plate.length - 3)}${plate.slice(-1)}`;
}

/** People write plates with blanks and dashes and in small letters: `ab-12 cde` is AB12CDE. */
function loose(plate: string): RegExp {
  return new RegExp([...plate].map((c) => c.replace(/[^A-Z0-9]/gi, "\\$&")).join("[ \\-.]?"), "gi");
}
