import { test } from "uvu";
import * as assert from "uvu/assert";
import { createKeeper } from "../../src/appliance/keep.js";
import { defaultConfig } from "../../src/config.js";
import type { ClipWish } from "../../src/recording/clips.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { accessRule, noon, passRecord } from "../support/records.js";

async function kindOf(
  plate: string,
  rules: Parameters<typeof accessRule>[0][],
  unknownPlates: "keep" | "hash" = "keep",
): Promise<string | undefined> {
  const config = defaultConfig();
  const wishes: ClipWish[] = [];
  const keeper = createKeeper({
    config: { ...config, store: { ...config.store, unknownPlates } },
    clock: fakeClock(noon),
    log: silentLog,
    store: { passes: {}, outbox: {} } as never,
    whenStoreOpen: Promise.resolve(),
    clips: {
      async request(wish: ClipWish) {
        wishes.push(wish);
        return null;
      },
    } as never,
    rules: () => rules.map((rule) => accessRule(rule)),
    committed: () => {},
  });
  await keeper.clip(passRecord({ plate, endedAt: noon + 1000 }));
  return wishes[0]?.kind;
}

test("the clip of a plate that a rule names is kept as a known one, also where the rule is a pattern", async () => {
  assert.is(await kindOf("AB12CDE", [{ plate: "AB12CDE" }]), "known");
  assert.is(await kindOf("AB12CDE", [{ plate: "AB12*" }]), "known");
  assert.is(await kindOf("AB12CDE", [{ plate: "AB1?CDE", effect: "deny" }]), "known");
  assert.is(await kindOf("AB12CDF", [{ plate: "AB12CDE" }, { plate: "XX*" }]), "unknown");
});

test("where unknown plates are hashed no clip shows them, and listed ones keep theirs", async () => {
  assert.is(await kindOf("ZZ99ZZZ", [{ plate: "AB12CDE" }], "hash"), undefined);
  assert.is(await kindOf("AB12CDE", [{ plate: "AB12CDE" }], "hash"), "known");
});

test.run();
