/** Characters that readers and people take for one another, both ways. */
const PAIRS =
  "0O 0D 0Q OD OQ DQ 1I 1L IL 1T 1J 2Z 3B 3E 4A 5S 6G 6B 7T 7Z 8B 8S 9P 9G CG EF HN HM KX MN PR UV VY VW XY";

const table: ReadonlyMap<string, readonly string[]> = new Map(
  [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map((c) => [
    c,
    PAIRS.split(" ").flatMap((pair) =>
      pair[0] === c ? [pair[1] ?? ""] : pair[1] === c ? [pair[0] ?? ""] : [],
    ),
  ]),
);

const groups: ReadonlyMap<string, string> = new Map(
  [...table.keys()].map((c) => {
    const reached = new Set([c]);
    for (const known of reached) for (const other of table.get(known) ?? []) reached.add(other);
    return [c, [...reached].sort()[0] ?? c];
  }),
);

/** The look-alikes of one character, without itself. */
export function lookAlikes(character: string): readonly string[] {
  return table.get(character) ?? [];
}

/** One of the characters that are reached from this one by look-alikes of look-alikes: the same for all of them. */
export function lookAlikeGroup(character: string): string {
  return groups.get(character) ?? character;
}
