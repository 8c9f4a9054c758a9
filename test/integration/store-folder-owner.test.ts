import { chownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withStore } from "../../src/commands/with-store.js";
import { parseConfig } from "../../src/config.js";
import { plainRule } from "../../src/core/records.js";
import { temporaryFolder } from "../support/folder.js";
import { skipLoudly } from "../support/skip.js";

const SERVICE = 65534;

function folderOfService(): string {
  const folder = temporaryFolder();
  chownSync(folder, SERVICE, SERVICE);
  return folder;
}

const everything = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));

for (const kind of ["sql", "json"] as const)
  test(`what root makes on the command line belongs to the user of the service (${kind})`, async () => {
    if (process.geteuid?.() !== 0) return skipLoudly("the owner of what root makes", "this is not root");
    const folder = folderOfService();
    const config = parseConfig(`dataFolder: ${join(folder, "data/var")}\nstore: { kind: ${kind} }`);
    await withStore(config, async (store) => {
      await store.rules.save({ ...plainRule, id: "1", plate: "AB12CDE" });
      const foreign = everything(folder).filter((path) => lstatSync(path).uid !== SERVICE);
      // Also while it works, for it may be killed; SQLite sees to its own log file.
      assert.equal(foreign, []);
    });
    const made = everything(folder);
    assert.ok(made.length >= 3, made.join());
    assert.equal(
      made.filter((path) => lstatSync(path).uid !== SERVICE),
      [],
    );
  });

test("a folder of root itself stays root's", async () => {
  if (process.geteuid?.() !== 0) return skipLoudly("the owner of what root makes", "this is not root");
  const folder = join(temporaryFolder(), "var");
  await withStore(parseConfig(`dataFolder: ${folder}`), async (store) => {
    await store.rules.all();
  });
  assert.is(statSync(folder).uid, 0);
});

test.run();
