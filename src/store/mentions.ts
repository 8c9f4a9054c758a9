/**
 * Tells whether a value mentions this name, a plate or an id, as a whole: AB12 stands in “AB12 is on no list.”, not in AB123.
 * Of objects and of JSON in a text all strings and keys count, numbers never: 971 is not mentioned by 0.971.
 */
export function mentionsOf(name: string): (value: unknown) => boolean {
  const whole = new RegExp(wholeWord(name));
  return function mentions(value: unknown): boolean {
    if (typeof value === "object" && value !== null)
      return Array.isArray(value)
        ? value.some(mentions)
        : Object.entries(value).some(([key, inner]) => mentions(key) || mentions(inner));
    if (typeof value !== "string" || !value.includes(name)) return false;
    // Of a list's pattern AB12* only the whole counts.
    if (/^[A-Z0-9?*]+$/.test(value)) return value === name;
    const inner = insideOf(value);
    return inner === undefined ? whole.test(value) : mentions(inner);
  };
}

/** A regular expression for this name where neither letters nor digits touch it. */
export function wholeWord(name: string): string {
  const escaped = name.replace(/[^A-Za-z0-9]/g, "\\$&");
  // Digits alone are also a part of times, fractions, percentages and ids, which belong to somebody else.
  return /^[0-9]+$/.test(name)
    ? `(?<![A-Za-z0-9]|[A-Za-z0-9]-|[0-9][.,:])${escaped}(?![A-Za-z0-9]|-[A-Za-z0-9]|[.,:][0-9]|\\s?%)`
    : `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`;
}

/** What a JSON text holds; undefined: it is none. */
function insideOf(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
