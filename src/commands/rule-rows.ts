import { randomUUID } from "node:crypto";
import { normalisePattern } from "../core/plate-pattern.js";
import type { AccessRule } from "../core/records.js";
import { auditRule, type RuleFinding } from "../core/rules-audit.js";
import { parseCsv } from "./csv.js";

/** A rule as people write it: every field a text, all but the plate may be left out. */
export type RuleText = Partial<Record<(typeof RULE_COLUMNS)[number], string>>;

export const RULE_COLUMNS = [
  "plate",
  "effect",
  "owner",
  "group",
  "note",
  "valid_from",
  "valid_to",
  "schedule",
  "direction",
  "tolerance",
  "uses_left",
  "anti_passback",
] as const;

/** Reads one rule; `problems` has a sentence for each field that cannot be understood. */
export function readRule(
  text: RuleText,
  createdAt: number,
): { rule: AccessRule; problems: readonly string[] } {
  const problems: string[] = [];
  const plate = text.plate ?? "";
  if (/[^\p{L}\p{N}?*\s.\-·/]/u.test(plate))
    problems.push(`the plate “${plate}” has signs that no plate has`);
  const rule: AccessRule = {
    id: randomUUID(),
    plate: normalisePattern(plate),
    effect: word("effect", ["allow", "deny"], "allow"),
    owner: text.owner ?? "",
    group: text.group ?? "",
    note: text.note ?? "",
    validFrom: text.valid_from ?? "",
    validTo: text.valid_to ?? "",
    schedule: text.schedule ?? "",
    direction: word("direction", ["any", "entry", "exit"], "any"),
    tolerance: whole("tolerance") ?? 0,
    usesLeft: whole("uses_left"),
    antiPassback: word("anti_passback", ["off", "soft", "hard"], "off"),
    createdAt,
  };
  return { rule, problems };

  function word<W extends string>(column: keyof RuleText, words: readonly [W, ...W[]], otherwise: W): W {
    const value = (text[column] ?? "").toLowerCase();
    if (value === "") return otherwise;
    const found = words.find((w) => w === value);
    if (found === undefined) problems.push(`${column} is “${text[column]}”; use ${words.join(", ")}`);
    return found ?? otherwise;
  }

  function whole(column: keyof RuleText): number | null {
    const value = text[column] ?? "";
    if (value === "") return null;
    if (/^\d{1,6}$/.test(value)) return Number(value);
    problems.push(`${column} is “${value}”, which is no whole number`);
    return null;
  }
}

export interface ImportPlan {
  good: readonly AccessRule[];
  /** One sentence for each row that cannot be taken, with its line. */
  bad: readonly string[];
  notes: readonly string[];
}

/** Reads a list and audits every row against the rules that exist and the rows before it. Saves nothing. */
export function planImport(
  csv: string,
  existing: readonly AccessRule[],
  createdAt: number,
): ImportPlan | { problem: string } {
  let rows: ReturnType<typeof parseCsv>;
  try {
    rows = parseCsv(csv);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const [head, ...body] = rows;
  if (head === undefined) return { problem: "the file is empty" };
  const columns = head.cells.map((c) => c.toLowerCase().replaceAll(/[\s-]+/g, "_"));
  const strange = columns.filter((c) => !(RULE_COLUMNS as readonly string[]).includes(c));
  if (!columns.includes("plate") || strange.length > 0) {
    const what =
      strange.length > 0 ? `there is no column ${strange.join(", ")}` : "the column plate is missing";
    return {
      problem: `line ${head.line}: ${what}; the first line names the columns: ${RULE_COLUMNS.join(",")}`,
    };
  }
  const good: AccessRule[] = [];
  const bad: string[] = [];
  const notes: string[] = [];
  for (const row of body) {
    if (row.cells.length > columns.length) {
      bad.push(`line ${row.line}: it has ${row.cells.length} cells and the first line ${columns.length}`);
      continue;
    }
    const text = Object.fromEntries(columns.map((c, i) => [c, row.cells[i] ?? ""])) as RuleText;
    const { rule, problems } = readRule(text, createdAt);
    const findings: readonly RuleFinding[] =
      problems.length > 0 ? [] : auditRule(rule, [...existing, ...good]);
    const refused = problems.concat(findings.filter((f) => f.severity === "refuse").map((f) => f.sentence));
    if (refused.length > 0) bad.push(`line ${row.line}: ${refused.join("; ")}`);
    else good.push(rule);
    for (const f of findings) if (f.severity === "note") notes.push(`line ${row.line}: ${f.sentence}`);
  }
  return { good, bad, notes };
}
