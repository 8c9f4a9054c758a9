import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { usableFolder } from "../../src/appliance/usable-folder.js";
import { removeOldestVideo } from "../../src/recording/room.js";
import { openJournal } from "../../src/store/json/journal.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, noon } from "../support/records.js";
import { writeSegment } from "../support/segments.js";
import { skipLoudly } from "../support/skip.js";
import { fillUp, mountSmall } from "../support/small-disk.js";
import { until } from "../support/until.js";

const store = (kind: "sql" | "json", folder: string, makeRoom?: (bytes: number) => Promise<boolean>) =>
  createStore({
    config: { kind },
    folder,
    clock: systemClock,
    log: silentLog,
    ...(makeRoom === undefined ? {} : { makeRoom }),
  });

/** A card on which a store has been used and stopped, with some video, and not a byte left. */
async function fullCard(kind: "sql" | "json"): Promise<string | null> {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 24)) return null;
  const first = store(kind, folder);
  await first.start();
  await first.rules.save(accessRule());
  await until(() => existsSync(join(folder, "reserve")), "the reserve to be made");
  await first.close();
  const recordings = join(folder, "recordings");
  for (let i = 0; i < 10; i++)
    writeSegment(recordings, "front", noon + i * 4000, { bytesPerPicture: 25_000 });
  mkdirSync(join(recordings, "_clips"));
  writeFileSync(join(recordings, "_clips", "20260105T110000000Z.mp4"), Buffer.alloc(1_000_000));
  fillUp(join(folder, "ballast"));
  return folder;
}

test("a folder that is read-only for the service is told as that, before the card is blamed", async () => {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 1)) return skipFull();
  execFileSync("mount", ["-o", "remount,ro", folder]);
  try {
    await usableFolder(join(folder, "data")).then(
      () => assert.unreachable("it must be refused"),
      ({ message }: Error) => {
        assert.match(message, `add ${join(folder, "data")} there`);
        assert.match(message, /EROFS.*ReadWritePaths=.*if it is, the card is/);
      },
    );
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: on a card that is full at the start the oldest video gives way, and the store opens with what it had`, async () => {
    const folder = await fullCard(kind);
    if (folder === null) return skipFull();
    try {
      const recordings = join(folder, "recordings");
      const before = readdirSync(join(recordings, "front")).sort();
      await usableFolder(folder);
      const again = store(kind, folder, (bytes) => removeOldestVideo(recordings, bytes, silentLog));
      await again.start();
      assert.is((await again.rules.all()).length, 1);
      await again.rules.save(accessRule({ id: "r2" }));
      const after = readdirSync(join(recordings, "front")).sort();
      assert.ok(
        after.length > 0 && after.length < before.length,
        `${after.length} of ${before.length} files`,
      );
      assert.equal(after, before.slice(-after.length));
      assert.is(readdirSync(join(recordings, "_clips")).length, 1);
      await again.close();
    } finally {
      execFileSync("umount", ["-l", folder]);
    }
  });

  test(`${kind}: where there is no video to remove the reserve is enough to open a full card`, async () => {
    const folder = await fullCard(kind);
    if (folder === null) return skipFull();
    try {
      const again = store(kind, folder);
      await again.start();
      assert.is((await again.rules.all()).length, 1);
      assert.not.ok(existsSync(join(folder, "reserve")));
      await again.close();
    } finally {
      execFileSync("umount", ["-l", folder]);
    }
  });
}

test("when nothing can be removed any more, the start is given up with one sentence", async () => {
  const folder = await fullCard("sql");
  if (folder === null) return skipFull();
  try {
    execFileSync("rm", [join(folder, "reserve")]);
    fillUp(join(folder, "ballast"));
    const asked: number[] = [];
    const again = store("sql", folder, async (bytes) => {
      asked.push(bytes);
      return asked.length < 3;
    });
    const message = await again.start().then(
      () => "",
      (error: Error) => error.message,
    );
    assert.match(message, /^The store in .* cannot be opened: /);
    assert.is(again.status().state, "failed");
    assert.equal(
      asked.map((bytes) => bytes / asked[0]!),
      [1, 2, 4],
    );
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test("a store that cannot be opened for another reason takes no video", async () => {
  const folder = temporaryFolder();
  const asked: number[] = [];
  const make = () =>
    store("sql", folder, async (bytes) => {
      asked.push(bytes);
      return true;
    });
  mkdirSync(join(folder, "plategate.db"));
  await make()
    .start()
    .then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, "cannot be opened"),
    );
  assert.equal(asked, []);
});

test("json: while everything cannot be written anew for want of room, it goes on with the files it has", () => {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 12)) return skipFull();
  try {
    const journal = openJournal(folder);
    const rows = journal.table<string>("row");
    const put = (id: string, text: string) => {
      rows.put(id, text);
      journal.commit();
    };
    for (let i = 0; i < 5; i++) put(`r${i}`, "x".repeat(1_000_000));
    const ballast = join(folder, "ballast");
    fillUp(ballast);
    truncateSync(ballast, statSync(ballast).size - 1_000_000);
    assert.throws(() => journal.compact(), /ENOSPC/);
    put("small", "after");
    rmSync(ballast);
    assert.ok(journal.compact());
    put("last", "at the end");
    journal.close();
    assert.equal(openJournal(folder).ids("row"), ["r0", "r1", "r2", "r3", "r4", "small", "last"]);
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test("video on another card than the store's is left alone", async () => {
  const recordings = join(temporaryFolder(), "recordings");
  if (!mountSmall(recordings, 8)) return skipFull();
  try {
    writeSegment(recordings, "front", noon, {});
    assert.not.ok(await removeOldestVideo(recordings, 1e12, silentLog));
    assert.is(readdirSync(join(recordings, "front")).length, 1);
  } finally {
    execFileSync("umount", ["-l", recordings]);
  }
  assert.not.ok(await removeOldestVideo(join(dirname(recordings), "nothing"), 1e12, silentLog));
});

test.run();

function skipFull(): void {
  skipLoudly("the full card", "mounting a small file system takes root and a kernel that lets it");
}
