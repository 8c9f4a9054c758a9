import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createUnanswered } from "../../src/report/unanswered.js";
import { until } from "../support/until.js";

test("answers that keep coming are waited for, however many are outstanding", async () => {
  let overdue = 0;
  const waiting = createUnanswered<Error>(400, () => overdue++);
  const fails = Array.from({ length: 12 }, () => () => {});
  for (const fail of fails) waiting.add(fail);
  for (const fail of fails) {
    await sleep(50);
    assert.is(waiting.answered(fail), true);
  }
  await sleep(500);
  assert.is(overdue, 0);
});

test("the oldest one's answer is missed although later ones are answered", async () => {
  let overdue = 0;
  const waiting = createUnanswered<Error>(100, () => overdue++);
  waiting.add(() => {});
  const later = setInterval(() => {
    const fail = () => {};
    waiting.add(fail);
    waiting.answered(fail);
  }, 10);
  await until(() => overdue > 0, "it is told").finally(() => clearInterval(later));
  waiting.failAll(new Error("over"));
});

test("after the end nothing is waited for any more, and late answers are told from others", () => {
  const told: string[] = [];
  const waiting = createUnanswered<string>(10, () => told.push("overdue"));
  const fail = (error: string) => told.push(error);
  waiting.add(fail);
  waiting.failAll("gone");
  assert.equal(told, ["gone"]);
  assert.is(waiting.answered(fail), false);
});

test.run();
