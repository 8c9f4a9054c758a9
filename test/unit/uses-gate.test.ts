import { test } from "uvu";
import * as assert from "uvu/assert";
import { createUses } from "../../src/gate/uses.js";
import { rule } from "../support/evidence.js";
import { forSeeds } from "../support/random.js";

test("no more vehicles use a visitor pass than it has uses, however late the store counts and the list is read", () => {
  forSeeds(200, (random) => {
    const uses = createUses();
    const given = random.whole(1, 4);
    let stored = given;
    /** Uses on their way to the store, and lists on their way back, oldest first. */
    let counting = 0;
    const lists: number[] = [];
    let list = [rule("AAA1", { usesLeft: given })];
    let inside = 0;
    for (let step = 0; step < 80; step++) {
      const what = random.whole(0, 4);
      const [now] = uses.applied(list);
      if (what === 0 && now!.usesLeft! > 0) {
        inside++;
        if (uses.spend(list[0]!)) counting++;
      } else if (what === 1 && inside > 0) {
        inside--;
        uses.giveBack("rule-AAA1");
      } else if (what === 2 && counting > 0) {
        counting--;
        stored = Math.max(0, stored - 1);
        lists.push(stored);
      } else if (what === 3 && lists.length > 0) list = [rule("AAA1", { usesLeft: lists.shift()! })];
      assert.ok(inside <= given, `${inside} vehicles on ${given} uses`);
      assert.is(uses.applied(list)[0]!.usesLeft, given - inside, "and none is lost");
    }
  });
});

test("uses that somebody has given to a pass are there", () => {
  const uses = createUses();
  const [spent, refilled] = [[rule("AAA1", { usesLeft: 1 })], [rule("AAA1", { usesLeft: 3 })]];
  uses.spend(spent[0]!);
  assert.is(uses.applied(spent)[0]!.usesLeft, 0);
  assert.is(uses.applied([rule("AAA1", { usesLeft: 0 })])[0]!.usesLeft, 0);
  assert.is(uses.applied(refilled)[0]!.usesLeft, 3);
});

test.run();
