import { randomUUID } from "node:crypto";
import { spellingProblem } from "../core/plate.js";
import { normalisePattern } from "../core/plate-pattern.js";
import type { AccessRule } from "../core/records.js";
import { createRuleIndex } from "../core/rule-index.js";
import { auditRule, isSameRule, type RuleFinding } from "../core/rules-audit.js";
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
  if (/[^\p{L}\p{N}?*\s.\-·/]/u.test(plate.normalize("NFC")))
    problems.push(`the plate “${plate}” has signs that no plate has`);
  const misspelt = spellingProblem(plate);
  if (misspelt !== null) problems.push(misspelt);
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
  /** How many rows are left out because their rule is there already. */
  listed: number;
}

/**
 * Reads a list and audits every row against the rules that exist and the rows before it. Saves nothing.
 * A row whose rule exists is left out, so that the same list may be imported again: nothing is doubled, and a visitor
 * pass that has been used is not refilled. Two rows that differ in anything are two rules.
 */
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
  const twice = columns.find((c, i) => columns.indexOf(c) !== i);
  if (twice !== undefined) return { problem: `line ${head.line}: the column ${twice} stands there twice` };
  const good: AccessRule[] = [];
  const [listedRules, goodRules] = [createRuleIndex(existing), createRuleIndex()];
  const bad: string[] = [];
  const notes: string[] = [];
  let listed = 0;
  for (const row of body) {
    if (row.cells.length > columns.length) {
      bad.push(`line ${row.line}: it has ${row.cells.length} cells and the first line ${columns.length}`);
      continue;
    }
    // Spreadsheets leave off empty cells at the end; a file that was cut off does the same to a deny.
    if (row.cells.length <= columns.indexOf("effect")) {
      bad.push(`line ${row.line}: it ends before the column effect; write allow or deny there`);
      continue;
    }
    const text = Object.fromEntries(columns.map((c, i) => [c, row.cells[i] ?? ""])) as RuleText;
    const { rule, problems } = readRule(text, createdAt);
    const [listedNear, goodNear] = [listedRules.near(rule), goodRules.near(rule)];
    const same = listedNear.filter((r) => isSameRule(r, rule));
    const isRepeated = goodNear.some(
      (r) => isSameRule(r, rule) && differences(r, rule, columns).length === 0,
    );
    const isListed = same.length > 0 || isRepeated;
    const findings: readonly RuleFinding[] =
      problems.length > 0 ? [] : auditRule(rule, isListed ? [] : [...listedNear, ...goodNear]);
    const refused = problems.concat(findings.filter((f) => f.severity === "refuse").map((f) => f.sentence));
    if (refused.length > 0) bad.push(`line ${row.line}: ${refused.join("; ")}`);
    else if (isListed) {
      listed++;
      const [kept = []] = same.map((r) => differences(r, rule, columns)).sort((a, b) => a.length - b.length);
      if (kept.length > 0)
        notes.push(
          `line ${row.line}: ${rule.plate}${rule.owner === "" ? "" : ` (${rule.owner})`} is listed already and stays as it is: ${kept.join(", ")}.`,
        );
    } else {
      good.push(rule);
      goodRules.add(rule);
    }
    for (const f of findings) if (f.severity === "note") notes.push(`line ${row.line}: ${f.sentence}`);
  }
  return { good, bad, notes, listed };
}

/** What the file says otherwise of a rule that exists: only of columns that the file has. */
function differences(stored: AccessRule, row: AccessRule, columns: readonly string[]): readonly string[] {
  const told = (value: string | number | null) =>
    value === null || value === "" ? "empty" : typeof value === "number" ? String(value) : `“${value}”`;
  const pairs = [
    ["group", stored.group.trim(), row.group],
    ["note", stored.note.trim(), row.note],
    ["uses_left", stored.usesLeft, row.usesLeft],
  ] as const;
  return pairs
    .filter(([column, there, here]) => columns.includes(column) && there !== here)
    .map(([column, there, here]) => `${column} is ${told(there)}, not ${told(here)}`);
}
