import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkBroker } from "../../src/commands/check-broker.js";
import { parseConfig } from "../../src/config.js";
import { CredentialError } from "../../src/report/credentials.js";
import { temporaryFolder } from "../support/folder.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

test("a file of secrets that cannot be read is told by its setting", async () => {
  for (const report of [
    "url: 'mqtt://127.0.0.1:1', username: a, passwordFile: /nowhere/password",
    "commandKeyFile: /nowhere/key",
    "webhooks: [{ name: a, url: 'https://a', secretFile: /nowhere/secret }]",
  ])
    try {
      await checkBroker(parseConfig(`report: { ${report} }`));
      assert.unreachable(report);
    } catch (error) {
      assert.instance(error, CredentialError, String(error));
      assert.match((error as Error).message, /^report\..*\/nowhere\//);
    }
});

test("a credential that only the service has is no mistake", async () => {
  const config = parseConfig(
    "report: { url: 'mqtt://127.0.0.1:1', username: gate, passwordFile: mqtt-of-the-service }",
  );
  const found = await checkBroker(config);
  assert.is(found?.state, "warning");
  assert.match(found!.sentence, "report.passwordFile (mqtt-of-the-service) is no file here");
});

test("on the broker inside alone there is nothing to try", async () => {
  assert.is(await checkBroker(parseConfig("")), null);
});

if (mosquittoPath === null || !existsSync("/usr/bin/mosquitto_passwd"))
  test("the doctor and a broker with passwords", () =>
    skipLoudly("the doctor and a broker with passwords", "there is no mosquitto with mosquitto_passwd"));
else
  test(
    "a broker that does not let this gate in is told before the service starts, and a running gate stays in",
    scoped(async (use) => {
      const folder = temporaryFolder();
      const users = join(folder, "users");
      execFileSync("mosquitto_passwd", ["-c", "-b", users, "gate", "right-horse"]);
      chmodSync(users, 0o644);
      const broker = use(await mosquitto(["allow_anonymous false", `password_file ${users}`]));
      await broker.start();
      const settings = (password: string) => {
        const file = join(folder, "password");
        writeFileSync(file, `${password}\n`, { mode: 0o600 });
        return parseConfig(`report: { url: "${broker.url}", username: gate, passwordFile: ${file} }`);
      };
      const wrong = await checkBroker(settings("wrong-horse"));
      assert.is(wrong?.state, "bad");
      assert.match(wrong!.sentence, "correct report.username and report.passwordFile");
      const right = settings("right-horse");
      const fixture = reportFixture(
        `report: { url: "${broker.url}", username: gate, passwordFile: ${right.report.passwordFile} }`,
      );
      use(fixture.report);
      await fixture.report.start();
      await until(() => fixture.report.status().sinks[0]?.state === "up", "the gate is in");
      assert.is((await checkBroker(right))?.state, "good");
      assert.is(fixture.report.status().sinks[0]?.reconnects, 0);
      const open = use(await mosquitto());
      await open.start();
      const list = `report: { sparkplug: { enabled: true, servers: ["mqtt://127.0.0.1:1", "${open.url}"] } }`;
      const several = await checkBroker(parseConfig(list));
      assert.is(several?.state, "warning");
      assert.match(several!.sentence, "nothing listens there");
      await open.stop();
      assert.is((await checkBroker(parseConfig(list)))?.state, "bad", "none of them is there");
    }),
  );

test.run();
