import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Grammar } from "../core/grammar.js";
import { ModelError } from "./session.js";

const file = z.object({
  grammars: z.array(
    z.object({
      country: z.string().regex(/^[A-Z]{2}$/),
      patterns: z.array(z.string().regex(/^[A-Z0-9]{1,12}$/)).min(1),
      letters: z
        .string()
        .regex(/^[A-Z]+$/)
        .optional(),
      share: z.number().positive(),
    }),
  ),
});

/** The grammars of these countries (ISO codes) from grammars.json; throws a `ModelError` that names a country without one. */
export function loadGrammars(folder: string, countries: readonly string[]): Grammar[] {
  const path = join(folder, "grammars.json");
  let all: Grammar[];
  try {
    const { grammars } = file.parse(JSON.parse(readFileSync(path, "utf8")));
    all = grammars.map(({ letters, ...rest }) => (letters === undefined ? rest : { ...rest, letters }));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new ModelError(`${path}: cannot be used (${why}); restore the file that came with the program.`);
  }
  const missing = countries.find((c) => !all.some((g) => g.country === c.toUpperCase()));
  if (missing !== undefined) {
    const known = [...new Set(all.map((g) => g.country))].sort().join(", ");
    throw new ModelError(`There is no grammar for \`${missing}\` in ${path}; known are ${known}.`);
  }
  return all.filter((g) => countries.some((c) => c.toUpperCase() === g.country));
}
