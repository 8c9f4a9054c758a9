import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ConfigError } from "../config.js";
import { INPUT_NAMES, type InputName, OUTPUT_NAMES, type OutputName } from "../core/barrier-types.js";
import type { LineSpec } from "./lines.js";
import type { LineConfig } from "./settings.js";

export const BOARDS_FOLDER = fileURLToPath(new URL("../../../hw/boards/", import.meta.url));

/** The lines of this gate, as board file and configuration have them together. */
export interface GateLines {
  board: string;
  /** Drivers in the order in which `auto` tries them. */
  drivers: readonly ("onoff" | "chardev" | "simulated")[];
  outputs: Readonly<Partial<Record<OutputName, LineSpec>>>;
  inputs: Readonly<Partial<Record<InputName, LineSpec>>>;
}

/** The lines cannot be used as they are written; one message with every problem: file, line, and what to write instead. */
export class BoardError extends ConfigError {}

const pin = {
  chip: z.string().min(1).optional(),
  offset: z.number().int().min(0).max(1023),
  headerPin: z.number().int().min(1).max(40).optional(),
  gpio: z.string().optional(),
  activeLow: z.boolean(),
  wired: z.boolean().default(false),
  note: z.string().optional(),
};
const output = z.strictObject({ ...pin, safeLevel: z.enum(["low", "high"]) });
const input = z.strictObject({
  ...pin,
  contact: z.enum(["nc", "no"]),
  bias: z.enum(["pull-up", "pull-down", "off"]),
});
const boardShape = z.strictObject({
  name: z.string().min(1),
  chip: z.string().min(1),
  drivers: z.array(z.enum(["onoff", "chardev", "simulated"])).min(1),
  camera: z.string().optional(),
  note: z.string().optional(),
  outputs: z.record(z.string(), output),
  inputs: z.record(z.string(), input),
});

/**
 * Reads the board and lays the configuration over it. Throws a `BoardError`; opens and energises nothing. `where` tells where
 * a setting stands, for messages.
 */
export function resolveLines(
  config: LineConfig,
  folder = BOARDS_FOLDER,
  where: (path: readonly string[]) => string = (path) => path.join("."),
): GateLines {
  const file = join(folder, `${config.board}.json`);
  const text = readBoard(file, config.board, folder);
  const problems: string[] = [];
  const at = (words: readonly PropertyKey[]) => `${file}:${lineOf(text, words)}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BoardError(
      `${file} is no JSON (${(error as Error).message}); mend it or copy another board's file.`,
    );
  }
  const parsed = boardShape.safeParse(json);
  if (!parsed.success) {
    const all = parsed.error.issues.map((i) => `${at(i.path)}: ${i.path.join(".")}: ${i.message}`);
    throw new BoardError(told(all));
  }
  const board = parsed.data;
  const outputs = layOver("outputs", OUTPUT_NAMES, config.outputs);
  const inputs = layOver("inputs", INPUT_NAMES, config.inputs);
  if (outputs.lift === undefined && config.driver !== "simulated")
    problems.push(
      `${at(["outputs"])}: no lift line is wired; without one nothing can be opened. Write outputs: { lift: {} }`,
    );
  twice();
  if (problems.length > 0) throw new BoardError(told(problems));
  return { board: board.name, drivers: board.drivers, outputs, inputs };

  function layOver<N extends string>(
    kind: "outputs" | "inputs",
    names: readonly N[],
    over: Readonly<Record<string, LineConfig["outputs"][string]>>,
  ): Partial<Record<N, LineSpec>> {
    const result: Partial<Record<N, LineSpec>> = {};
    for (const name of Object.keys(board[kind])) {
      if (!(names as readonly string[]).includes(name))
        problems.push(`${at([kind, name])}: there is no line ${name}; use ${names.join(", ")}.`);
      else polarity(kind, name);
    }
    for (const name of names) {
      const own = board[kind][name];
      const wish = over[name];
      if (wish === false || (wish === undefined && own?.wired !== true)) continue;
      const offset = wish?.offset ?? own?.offset;
      if (offset === undefined) {
        problems.push(
          `${where(["lines", kind, name])}: ${board.name} has no pin for it; write ${name}: { offset: 17 }.`,
        );
        continue;
      }
      const bias =
        wish?.bias ?? (own !== undefined && "bias" in own ? (own.bias as LineSpec["bias"]) : undefined);
      result[name] = {
        name,
        chip: wish?.chip ?? own?.chip ?? board.chip,
        offset,
        activeLow: wish?.activeLow ?? own?.activeLow ?? false,
        ...(bias === undefined ? {} : { bias }),
        where:
          wish?.offset === undefined && wish?.chip === undefined
            ? at([kind, name])
            : where(["lines", kind, name]),
      };
    }
    return result;
  }

  /** A line's polarity must fit how it is wired, or a broken wire would look like "nobody there". */
  function polarity(kind: "outputs" | "inputs", name: string): void {
    if (kind === "outputs") {
      const own = board.outputs[name];
      if (own !== undefined && (own.safeLevel === "high") !== own.activeLow)
        problems.push(
          `${at([kind, name])}: ${name} is ${own.activeLow ? "active low" : "active high"}, so its safe level is ${own.activeLow ? "high" : "low"}, not ${own.safeLevel}.`,
        );
      return;
    }
    const own = board.inputs[name];
    if (own === undefined || own.bias === "off") return;
    const rightLow = (own.contact === "no") === (own.bias === "pull-up");
    if (own.activeLow !== rightLow)
      problems.push(
        `${at([kind, name])}: a ${own.contact === "nc" ? "normally closed" : "normally open"} contact with ${own.bias} is active ${rightLow ? "low" : "high"}; write "activeLow": ${rightLow}.`,
      );
  }

  function twice(): void {
    const seen = new Map<string, LineSpec>();
    for (const spec of [...Object.values(outputs), ...Object.values(inputs)]) {
      const place = `${spec.chip} line ${spec.offset}`;
      const other = seen.get(place);
      seen.set(place, spec);
      if (other === undefined) continue;
      // The one that the configuration has moved there has to go, not the board's own.
      const isMoved = ({ where: at }: LineSpec) => at?.startsWith(file) !== true;
      const [wrong, right] = isMoved(other) && !isMoved(spec) ? [other, spec] : [spec, other];
      problems.push(
        `${wrong.where}: ${wrong.name} and ${right.name} are both on ${place}; give ${wrong.name} a free pin of its own.`,
      );
    }
  }
}

/** Names of the boards that come with the program. */
export function boardNames(folder = BOARDS_FOLDER): readonly string[] {
  return readdirSync(folder)
    .filter((f) => f.endsWith(".json"))
    .map((f) => f.slice(0, -".json".length))
    .sort();
}

function readBoard(file: string, name: string, folder: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new BoardError(
      `lines.board: there is no board “${name}” (${file}); use ${boardNames(folder).join(", ")}.`,
    );
  }
}

function told(problems: readonly string[]): string {
  return `The lines cannot be used, so nothing was energised:\n${problems.map((p) => `  ${p}`).join("\n")}`;
}

/** The line in a JSON text where the last of `words` stands, below the ones before it. */
function lineOf(text: string, words: readonly PropertyKey[]): number {
  let from = 0;
  for (const word of words) {
    const at = text.indexOf(`"${String(word)}"`, from);
    if (at < 0) break;
    from = at;
  }
  return text.slice(0, from).split("\n").length;
}
