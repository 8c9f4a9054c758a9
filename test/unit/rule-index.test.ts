import { test } from "uvu";
import * as assert from "uvu/assert";
import { planImport, RULE_COLUMNS } from "../../src/commands/rule-rows.js";
import { normalisePattern } from "../../src/core/plate-pattern.js";
import type { AccessRule } from "../../src/core/records.js";
import { createRuleIndex } from "../../src/core/rule-index.js";
import { auditRule } from "../../src/core/rules-audit.js";
import { rule } from "../support/evidence.js";
import { forSeeds, type Random } from "../support/random.js";

/** Rules that often collide: few characters, most of them look-alikes, and a broken one now and then. */
function someRule(random: Random, id: number): AccessRule {
  const signs = Array.from({ length: random.whole(0, 5) }, () => random.pick("0OD8B1I?*AX"));
  const plate = random.chance(0.05) ? `${signs.join("")}-a` : normalisePattern(signs.join(""));
  return rule(plate, {
    id: `rule-${id}`,
    effect: random.chance(0.3) ? "deny" : "allow",
    owner: random.pick(["", "Ann", "Bob"]),
    tolerance: random.chance(0.3) ? random.whole(1, 3) : 0,
    schedule: random.chance(0.1) ? "never" : "",
  });
}

test("an audit finds the same among the rules near to one as among all of them, in the same order", () => {
  let findings = 0;
  forSeeds(200, (random) => {
    const rules = Array.from({ length: 24 }, (_, id) => someRule(random, id));
    const index = createRuleIndex(rules.slice(0, 16));
    for (const late of rules.slice(16)) index.add(late);
    for (const one of [...rules, someRule(random, 99)]) {
      const found = auditRule(one, rules);
      assert.equal(auditRule(one, index.near(one)), found);
      findings += found.length;
    }
  });
  assert.ok(findings > 2000, `${findings}`);
});

/** Counts how often the plate of a listed rule is looked at. */
test("a row of a long list is held against the few rules near to it", () => {
  let looks = 0;
  const letter = (n: number) => "ACHKNPRTX"[n % 9];
  const plateOf = (n: number) =>
    [n, n / 9, n / 81, n / 729, n / 7].map((m) => letter(Math.floor(m))).join("");
  const listed = Array.from({ length: 2000 }, (_, n) => {
    const known = rule(`${plateOf(n)}${n % 20 === 0 ? "*" : n % 10}`, {
      id: `${n}`,
      tolerance: n % 5 === 0 ? 2 : 0,
    });
    return new Proxy(known, {
      get(it, name, self) {
        if (name === "plate") looks++;
        return Reflect.get(it, name, self);
      },
    });
  });
  const rows = Array.from({ length: 200 }, (_, n) => `Z${plateOf(n * 7)}${n % 10}W,allow,Zoe`);
  const plan = planImport([`${RULE_COLUMNS.slice(0, 3)}`, ...rows].join("\n"), listed, 1);
  assert.ok("good" in plan && plan.good.length > 100, JSON.stringify(plan));
  assert.ok(looks < 40 * 2000, `${looks} looks at 2000 rules for 200 rows`);
});

test.run();
