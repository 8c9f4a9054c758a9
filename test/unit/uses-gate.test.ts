import { test } from "uvu";
import * as assert from "uvu/assert";
import { createUses, type Use } from "../../src/gate/uses.js";
import { rule } from "../support/evidence.js";
import { forSeeds } from "../support/random.js";

test("no more vehicles use a visitor pass than it has uses, however late the store counts and the list is read", () => {
  forSeeds(200, (random) => {
    const given = random.whole(1, 4);
    let stored = given;
    /** Uses on their way to the store, and lists on their way back, oldest first. */
    let counting = 0;
    const lists: number[] = [];
    /** What the store keeps for its next start. */
    const back = new Set<string>();
    const begin = () =>
      createUses({
        use: () => void counting++,
        giveBack: (id, isBack) => void (isBack ? back.add(id) : back.delete(id)),
      });
    let uses = begin();
    let list = [rule("AAA1", { usesLeft: given })];
    const inside: Use[] = [];
    /** Vehicles that came in before the last restart. */
    let before = 0;
    for (let step = 0; step < 80; step++) {
      const what = random.whole(0, 4);
      const [now] = uses.applied(list);
      if (what === 0 && now!.usesLeft! > 0) {
        inside.push(uses.spend(list[0]!)!);
      } else if (what === 1 && inside.length > 0) {
        uses.giveBack(inside.splice(random.whole(0, inside.length - 1), 1)[0]!);
      } else if (what === 2 && counting > 0) {
        counting--;
        stored = Math.max(0, stored - 1);
        lists.push(stored);
      } else if (what === 3 && lists.length > 0) {
        list = [rule("AAA1", { usesLeft: lists.shift()! })];
      } else if (what === 4 && random.whole(0, 9) === 0) {
        // A restart: what was on its way arrives, and the next start adds what was given back.
        stored = Math.max(0, stored - counting) + back.size;
        counting = 0;
        back.clear();
        lists.length = 0;
        before += inside.length;
        inside.length = 0;
        list = [rule("AAA1", { usesLeft: stored })];
        uses = begin();
      }
      const all = before + inside.length;
      assert.ok(all <= given, `${all} vehicles on ${given} uses`);
      assert.is(uses.applied(list)[0]!.usesLeft, given - all, "and none is lost");
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
