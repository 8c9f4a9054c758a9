import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CredentialError, readCredential, readSecret } from "../../src/report/credentials.js";
import { fakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { type LogLine, listingLog, reportFixture } from "../support/report-fixture.js";

test("a secret is read without the line break at its end, and only that one", () => {
  const file = join(temporaryFolder(), "secret");
  writeFileSync(file, " a b \n");
  assert.is(readSecret("x", file), " a b ");
});

test("an empty setting is no secret; an empty, missing or unreadable file is an error that names setting and file", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "empty"), "\n");
  assert.is(readSecret("x", ""), null);
  for (const [file, sentence] of [
    [join(folder, "empty"), "report.passwordFile: .*empty is empty"],
    [join(folder, "missing"), "report.passwordFile: .*missing cannot be read \\(ENOENT\\)"],
    [folder, "report.passwordFile: .* cannot be read \\(EISDIR\\)"],
  ] as const)
    try {
      readSecret("report.passwordFile", file);
      assert.unreachable(file);
    } catch (error) {
      assert.instance(error, CredentialError);
      assert.match((error as Error).message, new RegExp(sentence));
    }
});

test("a bare name is looked for among systemd's credentials first", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "mqtt"), "from systemd\n");
  const before = process.env.CREDENTIALS_DIRECTORY;
  process.env.CREDENTIALS_DIRECTORY = folder;
  try {
    assert.is(readSecret("x", "mqtt"), "from systemd");
    const own = join(temporaryFolder(), "own");
    writeFileSync(own, "own\n");
    assert.is(readSecret("x", own), "own", "an absolute path is taken as it is");
  } finally {
    if (before === undefined) delete process.env.CREDENTIALS_DIRECTORY;
    else process.env.CREDENTIALS_DIRECTORY = before;
  }
});

test("a secret that everybody on the machine can read is warned about, without its content", () => {
  const file = join(temporaryFolder(), "open");
  writeFileSync(file, "right-horse\n");
  const lines: LogLine[] = [];
  chmodSync(file, 0o644);
  readCredential("x", file, listingLog(lines));
  assert.is(lines.length, 1);
  assert.not.match(JSON.stringify(lines), "horse");
  chmodSync(file, 0o640);
  readCredential("x", file, listingLog(lines));
  assert.is(lines.length, 1);
});

test("a report that a missing secret keeps from starting leaves nothing running, however often it is tried", async () => {
  const clock = fakeClock();
  const webhook = `{ name: w, url: "http://127.0.0.1:1/", secretFile: ${join(temporaryFolder(), "missing")} }`;
  const yaml = `report: { url: "mqtt://127.0.0.1:1", homeAssistant: { enabled: true }, webhooks: [${webhook}] }`;
  const { report } = reportFixture(yaml, { clock });
  for (let tries = 0; tries < 3; tries++)
    try {
      await report.start();
      assert.unreachable("it must not start");
    } catch (error) {
      assert.instance(error, CredentialError);
    }
  assert.is(clock.waiting(), 0);
});

test.run();
