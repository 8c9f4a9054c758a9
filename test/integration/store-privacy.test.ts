import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, passEntry } from "../support/records.js";

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: of a plate that no rule names only a keyed hash is kept, of a listed one everything`, async () => {
    const folder = temporaryFolder();
    const store = createStore({
      config: { kind, unknownPlates: "hash" },
      folder,
      clock: systemClock,
      log: silentLog,
    });
    await store.start();
    await store.rules.save(accessRule({ plate: "KN0WN*" }));
    const sentence = "STRANGER1 is on no list.";
    for (const id of ["u1", "u2"]) {
      const entry = passEntry(id, "STRANGER1", { sentence });
      await store.passes.save({
        ...entry,
        decision: { ...entry.decision!, sentence, evidence: '{"candidates":["STRANGERI"]}' },
      });
    }
    await store.passes.save(passEntry("k", "KN0WN77"));

    const [second, first] = (await store.passes.list({ plate: "stranger 1" })).items;
    assert.match(first!.plate, /^#[0-9A-F]{20}$/);
    assert.is(second!.plate, first!.plate);
    assert.is(second!.sentence, `${second!.plate} is on no list.`);
    assert.equal(await store.passes.reads("u1"), []);
    assert.is(await store.passes.picture("u1", "crop"), null);
    assert.is((await store.passes.reads("k"))[0]?.text, "KN0WN77");
    assert.ok((await store.passes.picture("k", "crop")) !== null);
    assert.is((await store.upkeep.erase("STRANGER1")).passes, 2);
    await store.passes.save(passEntry("u3", "STRANGER1", { sentence }));
    await store.close();

    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const all = files.map((e) => readFileSync(join(e.parentPath, e.name), "latin1")).join("\n");
    assert.ok(all.includes("KN0WN77"));
    assert.not.ok(all.includes("STRANGER"));
  });
}

test.run();
