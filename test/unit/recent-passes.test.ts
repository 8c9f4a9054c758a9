import { test } from "uvu";
import * as assert from "uvu/assert";
import { withoutForgotten } from "../../src/appliance/recent-passes.js";
import type { AuditRecord } from "../../src/core/records.js";
import { noon, passRecord } from "../support/records.js";

const HOUR_MS = 3_600_000;

/** The log of changes after an operator has had this plate forgotten at `at`. */
function forgotten(subject: string, at: number) {
  const entry: AuditRecord = {
    id: "a",
    at,
    actor: "ann",
    action: "gate.reset-passback",
    subject,
    detail: "{}",
  };
  return { list: async () => ({ items: [entry], next: null }) };
}

test("a pass whose end was lost in a power cut stays forgotten when an operator has had it forgotten since", async () => {
  const cut = passRecord({ id: "cut", startedAt: noon, endedAt: null });
  const ended = passRecord({ id: "ended", startedAt: noon, endedAt: noon + 5000 });
  const after = passRecord({ id: "after", startedAt: noon + 2 * HOUR_MS, endedAt: null });
  const other = passRecord({ id: "other", plate: "ZZ99ZZZ", startedAt: noon, endedAt: null });
  const kept = await withoutForgotten([cut, ended, after, other], forgotten("AB12CDE", noon + HOUR_MS));
  assert.equal(
    kept.map((pass) => pass.id),
    ["after", "other"],
  );
});

test("a pass that was still going on when its vehicle was forgotten is a newer one", async () => {
  const going = passRecord({ startedAt: noon, endedAt: noon + HOUR_MS });
  assert.equal(await withoutForgotten([going], forgotten("AB12CDE", noon + 1000)), [going]);
});

test.run();
