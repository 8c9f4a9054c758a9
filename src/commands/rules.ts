import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createCalendar } from "../core/local-time.js";
import { spellingProblem } from "../core/plate.js";
import { accepts, normalisePattern } from "../core/plate-pattern.js";
import type { AccessRule } from "../core/records.js";
import type { RuleRepository } from "../core/repositories.js";
import { type Inactive, inactiveBecause, ruleProblems } from "../core/rule-activity.js";
import { createRuleIndex } from "../core/rule-index.js";
import { auditRule, misreadsAccepted } from "../core/rules-audit.js";
import { systemClock } from "../system/clock.js";
import { auditedRules } from "./audited-rules.js";
import { configOfGate } from "./config-of-gate.js";
import { planImport, RULE_COLUMNS, type RuleText, readRule } from "./rule-rows.js";
import { openStoreOf } from "./with-store.js";

export interface RulesDeps {
  open: (
    configFile: string | undefined,
  ) => Promise<{ rules: RuleRepository; timeZone: string; close(): Promise<void> }>;
  wallMs: () => number;
  out: (line: string) => void;
  err: (line: string) => void;
}

export const RULES_USAGE = `plategate rules add PLATE [--deny] [--owner NAME] [--group NAME] [--note TEXT] [--from DATE] [--to DATE]
                    [--schedule "mo-fr 07:00-18:30"] [--direction entry|exit] [--tolerance 0-3] [--uses N]
                    [--anti-passback soft|hard]
plategate rules list [--json]
plategate rules remove PLATE|ID
plategate rules check [PLATE]              audits the list; for one plate, every misreading that would open
plategate rules import FILE.csv [--skip-bad]   columns: ${RULE_COLUMNS.join(",")}
All take --config FILE.`;

/** Keeps the lists of plates that may or may not pass; the exit code. */
export async function rulesCommand(args: readonly string[], deps: RulesDeps = machine): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [what, ...rest] = positionals;
  const known = { add: 1, list: 0, remove: 1, check: 1, import: 1 } as Record<string, number>;
  if (what === undefined || known[what] === undefined || rest.length > (known[what] ?? 0)) {
    deps.err(RULES_USAGE);
    return 2;
  }
  if (rest.length === 0 && what !== "list" && what !== "check") {
    deps.err(
      `plategate rules ${what}: name ${what === "import" ? "a CSV file" : "a plate"}.\n\n${RULES_USAGE}`,
    );
    return 2;
  }
  const misspelt = what === "import" ? null : spellingProblem(rest[0] ?? "");
  if (misspelt !== null) {
    deps.err(`plategate rules ${what}: ${misspelt}.`);
    return 1;
  }
  const store = await deps.open(values.config);
  try {
    const all = await store.rules.all();
    switch (what) {
      case "add":
        return await add(rest[0] ?? "", values, all, store.rules, deps);
      case "remove":
        return await remove(rest[0] ?? "", all, store.rules, deps);
      case "import":
        return await importFile(rest[0] ?? "", values["skip-bad"] === true, all, store.rules, deps);
      case "check":
        return check(rest[0], all, deps);
      default:
        list(all, values.json === true, store.timeZone, deps);
        return 0;
    }
  } finally {
    await store.close();
  }
}

const options = {
  config: { type: "string" },
  json: { type: "boolean" },
  deny: { type: "boolean" },
  owner: { type: "string" },
  group: { type: "string" },
  note: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  schedule: { type: "string" },
  direction: { type: "string" },
  tolerance: { type: "string" },
  uses: { type: "string" },
  "anti-passback": { type: "string" },
  "skip-bad": { type: "boolean" },
} as const;
type Values = {
  [K in keyof typeof options]?: (typeof options)[K]["type"] extends "string" ? string : boolean;
};

async function add(
  plate: string,
  values: Values,
  all: readonly AccessRule[],
  rules: RuleRepository,
  { out, err, wallMs }: RulesDeps,
): Promise<number> {
  const given: Record<keyof RuleText, string | undefined> = {
    plate,
    effect: values.deny ? "deny" : "allow",
    owner: values.owner,
    group: values.group,
    note: values.note,
    valid_from: values.from,
    valid_to: values.to,
    schedule: values.schedule,
    direction: values.direction,
    tolerance: values.tolerance,
    uses_left: values.uses,
    anti_passback: values["anti-passback"],
  };
  const text = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as RuleText;
  const { rule, problems } = readRule(text, wallMs());
  const findings = problems.length > 0 ? [] : auditRule(rule, all);
  const refused = [...problems, ...findings.filter((f) => f.severity === "refuse").map((f) => f.sentence)];
  if (refused.length > 0) {
    err(`Not saved. ${refused.join("\n           ")}`);
    return 1;
  }
  await rules.save(rule);
  out(`${rule.plate} is on the ${rule.effect} list (${rule.id}).`);
  for (const f of findings) out(`Note: ${f.sentence}`);
  return 0;
}

async function remove(
  name: string,
  all: readonly AccessRule[],
  rules: RuleRepository,
  { out, err }: RulesDeps,
): Promise<number> {
  const plate = normalisePattern(name);
  const found = all.filter((r) => r.id === name || r.plate === plate);
  const [rule] = found;
  if (rule === undefined) {
    err(`${name} is on no list.`);
    return 1;
  }
  if (found.length > 1) {
    err(`${name} has ${found.length} rules; name one of them by its id:`);
    for (const r of found) err(`  ${r.id}  ${r.effect}  ${r.owner}`);
    return 1;
  }
  await rules.remove(rule.id);
  out(`${rule.plate} is off the ${rule.effect} list.`);
  return 0;
}

/** What is saved together is one write for the card; the store is not flooded either. */
const SAVED_AT_ONCE = 200;

async function importFile(
  file: string,
  skipBad: boolean,
  all: readonly AccessRule[],
  rules: RuleRepository,
  { out, err, wallMs }: RulesDeps,
): Promise<number> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    err(`${file} cannot be read as UTF-8 text (${(error as Error).message}); nothing was imported.`);
    return 1;
  }
  const plan = planImport(text, all, wallMs());
  if ("problem" in plan) {
    err(`${file}: ${plan.problem}. Nothing was imported.`);
    return 1;
  }
  for (const sentence of plan.bad) err(`${file} ${sentence}`);
  if (plan.bad.length > 0 && !skipBad) {
    err(
      `${plan.bad.length} of ${plan.bad.length + plan.good.length} rows are bad; nothing was imported. Mend them, or use --skip-bad.`,
    );
    return 1;
  }
  for (let i = 0; i < plan.good.length; i += SAVED_AT_ONCE)
    await Promise.all(plan.good.slice(i, i + SAVED_AT_ONCE).map((rule) => rules.save(rule)));
  for (const sentence of plan.notes) out(`Note: ${file} ${sentence}`);
  const listed = plan.listed > 0 ? `, ${plan.listed} were listed already` : "";
  const skipped = plan.bad.length > 0 ? `, ${plan.bad.length} bad rows skipped` : "";
  out(`${plan.good.length} rules imported${listed}${skipped}.`);
  return 0;
}

function check(plate: string | undefined, all: readonly AccessRule[], { out, err }: RulesDeps): number {
  if (plate !== undefined) return checkPlate(normalisePattern(plate), all, { out, err });
  let bad = 0;
  const index = createRuleIndex(all);
  for (const rule of all) {
    for (const f of auditRule(rule, index.near(rule))) {
      if (f.severity === "refuse") bad++;
      out(`${f.severity === "refuse" ? "BAD " : "note"}  ${f.sentence}`);
    }
  }
  const open = all.filter((r) => r.effect === "allow" && r.tolerance > 0);
  for (const rule of open) {
    const n = misreadsAccepted(rule).length;
    out(
      `note  ${rule.plate} with tolerance ${rule.tolerance} also opens for ${n} misreadings; see: rules check ${rule.plate}`,
    );
  }
  out(`${all.length} rules, ${bad} of them must be changed.`);
  return bad > 0 ? 1 : 0;
}

function checkPlate(
  plate: string,
  all: readonly AccessRule[],
  { out, err }: Pick<RulesDeps, "out" | "err">,
): number {
  // Also the patterns that mean it: whoever asks about a plate wants to know what opens for it.
  const rules = all.filter(
    (r) => r.plate === plate || accepts({ text: r.plate, tolerance: r.tolerance }, plate),
  );
  if (rules.length === 0) {
    err(`${plate} is on no list.`);
    return 1;
  }
  for (const rule of rules) {
    if (rule.plate !== plate) {
      const what = rule.effect === "deny" ? "is denied by" : "is let in by";
      const wide = rule.tolerance > 0 ? ` with tolerance ${rule.tolerance}` : "";
      out(`${plate} ${what} the rule ${rule.plate}${wide}${rule.owner === "" ? "" : ` (${rule.owner})`}.`);
      continue;
    }
    const misreads = misreadsAccepted(rule);
    if (rule.effect === "deny") out(`${plate} is denied, and so are ${misreads.length} misreadings.`);
    else if (misreads.length === 0) out(`${plate} opens only for ${plate} itself.`);
    else out(`${plate} also opens for these ${misreads.length} misreadings:`);
    for (let i = 0; i < misreads.length; i += 8) out(`  ${misreads.slice(i, i + 8).join(" ")}`);
    for (const f of auditRule(rule, all)) out(`${f.severity === "refuse" ? "BAD " : "note"}  ${f.sentence}`);
  }
  return 0;
}

function list(all: readonly AccessRule[], json: boolean, timeZone: string, { out, wallMs }: RulesDeps): void {
  if (json) {
    for (const rule of all) out(JSON.stringify(rule));
    return;
  }
  const calendar = createCalendar(timeZone);
  const now = { wallMs: wallMs(), clockTrusted: true };
  for (const r of all) {
    const wants = r.direction === "any" ? "unknown" : r.direction;
    const inactive = inactiveBecause(r, { ...now, wants }, calendar);
    const facts = [
      r.owner,
      r.group,
      r.validFrom === "" ? "" : `from ${r.validFrom}`,
      r.validTo === "" ? "" : `until ${r.validTo}`,
      r.schedule,
      r.direction === "any" ? "" : `${r.direction} only`,
      r.tolerance === 0 ? "" : `tolerance ${r.tolerance}`,
      r.usesLeft === null ? "" : `${r.usesLeft} uses left`,
      r.antiPassback === "off" ? "" : `anti-passback ${r.antiPassback}`,
      inactive === null ? "" : notNow(r, inactive),
    ].filter((f) => f !== "");
    out(`${r.effect.padEnd(5)}  ${r.plate.padEnd(12)}  ${facts.join(", ")}`);
  }
  out(`${all.length} rules.`);
}

/** A deny rule with a mistake denies all the same: that is no inactive one. */
function notNow(rule: AccessRule, { reason, sentence }: Inactive): string {
  if (rule.effect === "deny" && reason === "rule-broken")
    return `BROKEN, AND DENIES UNTIL IT IS MENDED: ${ruleProblems(rule).join("; ")}`;
  return `INACTIVE: ${sentence}`;
}

const machine: RulesDeps = {
  async open(configFile) {
    const config = configOfGate(configFile);
    const store = await openStoreOf(config);
    const rules = auditedRules(store.rules, store.audit, () => systemClock.wallMs());
    return { rules, timeZone: config.timeZone, close: () => store.close() };
  },
  wallMs: () => systemClock.wallMs(),
  out: (line) => console.log(line),
  err: (line) => console.error(line),
};
