import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkCommand } from "../../src/commands/check.js";
import { eraseCommand } from "../../src/commands/erase.js";
import { verifyLogCommand } from "../../src/commands/verify-log.js";
import { openDatabase } from "../../src/store/database.js";
import { createStore } from "../../src/store/store.js";
import { verifyLog } from "../../src/store/verify.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, noon, passEntry } from "../support/records.js";
import { writeSegment } from "../support/segments.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

async function station(folder = temporaryFolder()) {
  const config = join(temporaryFolder(), "plategate.yaml");
  writeFileSync(config, `dataFolder: ${folder}\n`);
  const open = async () => {
    const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
    await store.start();
    return store;
  };
  return { folder, config, open, file: join(folder, "plategate.db"), recordings: join(folder, "recordings") };
}

/** What a command says, and its exit code. */
async function say(command: (args: string[]) => Promise<number>, ...args: string[]) {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  try {
    const code = await command(args);
    return { code, text: lines.join("\n") };
  } finally {
    console.log = log;
  }
}

async function filled(s: Awaited<ReturnType<typeof station>>, plates: readonly string[]) {
  const store = await s.open();
  for (const [i, plate] of plates.entries()) {
    await store.passes.save(
      passEntry(`p${i}`, plate, { startedAt: noon + i * 1000, sentence: `${plate} was seen.` }),
    );
  }
  await store.audit.add({
    id: "a1",
    at: noon,
    actor: "admin",
    action: "rule.save",
    subject: plates[0]!,
    detail: "{}",
  });
  return store;
}

test("an untouched log is proved, and every way of tampering is told", async () => {
  const tampers: [string, string][] = [
    ["update decision set verdict = 'denied' where id = 'decision-p1'", "was changed in its table"],
    ["delete from decision where id = 'decision-p1'", "was removed from its table"],
    [
      "update chain set content = replace(content, 'granted', 'denied') where seq = 2",
      "was changed after it was written",
    ],
    ["delete from decision where id = 'decision-p1'; delete from chain where seq = 2", "entries are missing"],
    ["update chain set hash = zeroblob(32) where seq = 2", "does not follow"],
    ["update audit set actor = 'nobody'", "was changed in its table"],
  ];
  for (const [sql, told] of tampers) {
    const s = await station();
    await (await filled(s, ["AB12CDE", "XY34ZZZ", "K9DOG"])).close();
    assert.is((await say(verifyLogCommand, "--config", s.config)).code, 0);
    const db = openDatabase(s.file);
    db.pragma("foreign_keys = off");
    db.exec(sql);
    db.close();
    const { code, text } = await say(verifyLogCommand, s.file);
    assert.is(code, 1);
    assert.match(text, told);
  }
});

test("a log that is proved while passes are being written is found as it was written", async () => {
  const s = await station();
  const store = await filled(s, ["AB12CDE"]);
  const problems: string[] = [];
  for (let round = 0; round < 6; round++) {
    // The store thread commits these while this thread proves the log.
    const saved = Array.from({ length: 500 }, (_, i) =>
      store.passes.save(passEntry(`p-${round}-${i}`, "XY34ZZZ")),
    );
    problems.push(...verifyLog(s.file).problems);
    await Promise.all(saved);
  }
  await store.close();
  assert.equal(problems.slice(0, 3), []);
  assert.is(verifyLog(s.file).links, 6 * 500 + 2);
});

test("check is content with a sound store and names what does not agree; repair makes it agree", async () => {
  const s = await station();
  const store = await filled(s, ["AB12CDE"]);
  for (const i of [0, 1, 2]) {
    const path = writeSegment(s.recordings, "front", noon + i * 4000);
    const relative = path.slice(s.recordings.length + 1);
    const { size } = statSync(path);
    await store.segments.add({
      id: `s${i}`,
      camera: "front",
      path: relative,
      startedAt: noon + i * 4000,
      endedAt: noon + i * 4000 + 4000,
      bytes: size,
    });
  }
  await store.close();
  assert.is((await say(checkCommand, "--config", s.config)).code, 0);

  const paths = readdirSync(join(s.recordings, "front"))
    .sort()
    .map((name) => join(s.recordings, "front", name));
  rmSync(paths[0]!);
  truncateSync(paths[2]!, 9000);
  writeSegment(s.recordings, "front", noon + 60_000);
  const found = await say(checkCommand, "--config", s.config);
  assert.is(found.code, 1);
  assert.match(found.text, "1 rows had lost their file");
  assert.match(found.text, "1 files of video had no row");
  assert.match(found.text, "has 9000 bytes");
  await say(checkCommand, "--repair", "--config", s.config);
  const again = await say(checkCommand, "--config", s.config);
  assert.is(again.code, 0, again.text);
});

test("check finds a damaged page of the database", async () => {
  const s = await station();
  await (
    await filled(
      s,
      Array.from({ length: 300 }, (_, i) => `AB${i}`),
    )
  ).close();
  const db = openDatabase(s.file);
  const page = db
    .prepare("select rootpage from sqlite_schema where name = 'pass_by_plate'")
    .pluck()
    .get() as number;
  db.close();
  execFileSync(
    "dd",
    ["if=/dev/urandom", `of=${s.file}`, "bs=4096", `seek=${page - 1}`, "count=1", "conv=notrunc"],
    { stdio: "ignore" },
  );
  const { code, text } = await say(checkCommand, "--config", s.config);
  assert.is(code, 1, text);
});

test("beside a running appliance check looks and repairs nothing", async () => {
  const s = await station();
  const running = await filled(s, ["AB12CDE"]);
  const { error } = console;
  console.error = () => {};
  try {
    assert.is((await say(checkCommand, "--repair", "--config", s.config)).code, 2);
  } finally {
    console.error = error;
  }
  assert.is((await say(checkCommand, "--config", s.config)).code, 0);
  await running.close();
});

test("an erased plate is nowhere in the files any more, and the log is still proved", async () => {
  await erasing(await station());
});

test("an erased plate is nowhere on the disk below the files either", async () => {
  const image = join(temporaryFolder(), "card.img");
  const folder = join(temporaryFolder(), "card");
  if (!mountImage(image, folder))
    return skipLoudly("erasing on a card", "mounting an image takes root, mkfs.ext4 and loop devices");
  try {
    await erasing(await station(join(folder, "var")), "--trim");
    execFileSync("sync");
    // A busy file system gives freed blocks back late; the discarding is asked for again until it has.
    const isGone = () => {
      execFileSync("fstrim", [folder], { stdio: "ignore" });
      return needles.every((needle) => countIn(image, needle) === 0);
    };
    await until(isGone, "the erased plate to be nowhere on the card");
    assert.ok(countIn(image, "KEEPME77") > 0);
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test.run();

const needles = ["GONE4EVER", "crop of gone-pass"];

async function erasing(s: Awaited<ReturnType<typeof station>>, ...more: string[]) {
  const store = await s.open();
  for (let i = 0; i < 400; i++) {
    const plate = i % 7 === 3 ? "GONE4EVER" : `KEEPME${i}`;
    const id = plate === "GONE4EVER" ? `gone-pass-${i}` : `kept-pass-${i}`;
    await store.passes.save(
      passEntry(id, plate, { startedAt: noon + i * 1000, sentence: `${plate} was seen.` }),
    );
  }
  await store.rules.save(accessRule({ id: "gone", plate: "GONE4EVER" }));
  await store.rules.save(accessRule({ id: "kept", plate: "KEEPME77" }));
  await store.register.saveVehicle({
    id: "v",
    plate: "GONE4EVER",
    personId: null,
    make: "",
    colour: "",
    note: "",
  });
  await store.audit.add({
    id: "a",
    at: noon,
    actor: "admin",
    action: "rule.save",
    subject: "GONE4EVER",
    detail: "{}",
  });
  writeFileSync(`${s.file}.before-v2`, "an old copy with GONE4EVER in it");
  writeFileSync(join(s.recordings, "..", "export-1.json"), "GONE4EVER");
  const path = join("_clips", "c.mp4");
  writeSegment(s.recordings, "front", noon);
  execFileSync("mkdir", ["-p", join(s.recordings, "_clips")]);
  writeFileSync(join(s.recordings, path), "video with GONE4EVER on the bumper ".repeat(100));
  await store.clips.add(
    {
      id: "c",
      passId: "gone-pass-3",
      camera: "front",
      path,
      startedAt: noon,
      endedAt: noon + 1,
      bytes: 1,
      pinned: true,
    },
    [],
  );
  await store.close();
  execFileSync("sync");

  const { code } = await say(eraseCommand, "gone 4-ever", ...more, "--config", s.config);
  assert.is(code, 0);
  for (const needle of needles) assert.is(countIn(s.folder, needle), 0, `${needle} is left`);
  assert.ok(countIn(s.folder, "KEEPME77") > 0);
  assert.is((await say(verifyLogCommand, "--config", s.config)).code, 0);
  const after = await s.open();
  assert.is((await after.passes.list({ limit: 1000 })).items.length, 343);
  assert.equal(
    (await after.rules.all()).map((r) => r.id),
    ["kept"],
  );
  await after.close();
}

/** How often a text occurs in a file or below a folder, in whatever kind of file. */
function countIn(path: string, text: string): number {
  try {
    const lines = execFileSync("grep", ["-raoF", text, path], { maxBuffer: 1e8 }).toString();
    return lines.split("\n").length - 1;
  } catch (error) {
    if ((error as { status?: number }).status === 1) return 0;
    throw error;
  }
}

function mountImage(image: string, folder: string): boolean {
  try {
    execFileSync("mkdir", ["-p", folder]);
    execFileSync("truncate", ["-s", "64M", image]);
    // Blocks of 4 kB as on a real card: a loop device cannot discard the 1 kB blocks that so small a disk would get.
    execFileSync("mkfs.ext4", ["-q", "-b", "4096", image], { stdio: "ignore" });
    execFileSync("mount", ["-o", "loop", image, folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
