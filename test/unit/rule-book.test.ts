import { test } from "uvu";
import * as assert from "uvu/assert";
import { createRuleBook } from "../../src/appliance/rules.js";
import type { AccessRule } from "../../src/core/records.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { accessRule } from "../support/records.js";

/** A book on a store that answers only while it is well. */
function bench() {
  const clock = fakeClock();
  const store = { isWell: true, asked: 0, rules: [] as AccessRule[] };
  const book = createRuleBook({
    clock,
    log: silentLog,
    fixed: [accessRule({ id: "fixed", plate: "FIX1" })],
    repository: {
      async all() {
        store.asked++;
        if (!store.isWell) throw new Error("disk I/O error");
        return store.rules;
      },
      use: async () => true,
      giveBack: async () => {},
      settleUses: async () => {},
    },
  });
  const plates = () => book.rules().map((rule) => rule.plate);
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 1000) {
      clock.advance(1000);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
  };
  return { book, store, plates, pass };
}

test("rules that could not be read are read as soon as the store answers, and then no more", async () => {
  const { book, store, plates, pass } = bench();
  store.rules = [accessRule({ plate: "AAA1" })];
  store.isWell = false;
  await book.reload();
  await pass(60_000);
  assert.equal(plates(), ["FIX1"]);
  store.isWell = true;
  await pass(3000);
  assert.equal(plates(), ["FIX1", "AAA1"]);
  const { asked } = store;
  await pass(600_000);
  assert.is(store.asked, asked);
});

test("a new deny rule counts although its first reading failed, and the old ones stay in force until then", async () => {
  const { book, store, plates, pass } = bench();
  store.rules = [accessRule({ plate: "AAA1" })];
  await book.reload();
  store.rules = [...store.rules, accessRule({ id: "deny", plate: "BAD1", effect: "deny" })];
  store.isWell = false;
  await Promise.all([book.reload(), book.reload(), book.reload()]);
  assert.equal(plates(), ["FIX1", "AAA1"]);
  const { asked } = store;
  await pass(10_000);
  assert.ok(store.asked - asked <= 5, `asked ${store.asked - asked} times in 10 s`);
  store.isWell = true;
  await pass(3000);
  assert.equal(plates(), ["FIX1", "AAA1", "BAD1"]);
});

test("an older reading that answers late does not stand for a newer one that failed or was faster", async () => {
  const answers: { resolve: (rules: AccessRule[]) => void; reject: (error: Error) => void }[] = [];
  const clock = fakeClock();
  const all = () => new Promise<AccessRule[]>((resolve, reject) => void answers.push({ resolve, reject }));
  const repository = {
    all,
    use: async () => true,
    giveBack: async () => {},
    settleUses: async () => {},
  };
  const book = createRuleBook({ clock, log: silentLog, fixed: [], repository });
  const [old, denied] = [accessRule({ plate: "AAA1" }), accessRule({ plate: "BAD1", effect: "deny" })];
  const plates = () => book.rules().map((r) => r.plate);

  const both = [book.reload(), book.reload()];
  answers[1]!.reject(new Error("1000 calls wait"));
  await both[1];
  answers[0]!.resolve([old]);
  await both[0];
  assert.equal(plates(), ["AAA1"]);
  clock.advance(3000);
  assert.is(answers.length, 3, "the change that was told of is still asked for");
  answers[2]!.resolve([old, denied]);
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(plates(), ["AAA1", "BAD1"]);

  const more = [book.reload(), book.reload()];
  answers[4]!.resolve([denied]);
  await more[1];
  answers[3]!.resolve([old, denied]);
  await more[0];
  assert.equal(plates(), ["BAD1"]);
  clock.advance(60_000);
  assert.is(answers.length, 5);
});

test("a book that is closed asks nobody any more", async () => {
  const { book, store, pass } = bench();
  store.isWell = false;
  await book.reload();
  book.close();
  await pass(60_000);
  assert.is(store.asked, 1);
});

test.run();
