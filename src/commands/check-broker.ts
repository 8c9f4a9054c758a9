import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { machineSerial } from "../appliance/identity.js";
import type { Config } from "../config.js";
import type { ConnectionProblem } from "../report/connection-problem.js";
import { readCredential, readSecret } from "../report/credentials.js";
import { connectionOptions, readAccount, readKey } from "../report/link-options.js";
import { openConnection } from "../report/mqtt-connection.js";
import type { Condition } from "../system/health.js";
import { silentLog } from "../system/log.js";

const WAIT_MS = 3000;

/**
 * Whether every file that `report` names can be read, and every broker that it names lets this gate in: with its user,
 * password and certificates, under a client id of its own, so that a running gate is not thrown out. Nothing is published.
 * null: there is nothing to be tried. Rejects with `CredentialError` for a file that cannot be used.
 */
export async function checkBroker(config: Config): Promise<Condition | null> {
  const { report } = config;
  const hidden = readAll(config);
  const main = report.url === "embedded" ? [] : [report.url];
  const others = report.sparkplug.enabled
    ? report.sparkplug.servers.filter((url) => !main.includes(url))
    : [];
  if (hidden.length > 0)
    return {
      state: "warning",
      sentence:
        `Whether a broker lets this gate in could not be tried: ${hidden.join(", ")} is no file here. ` +
        "Where it is a credential of systemd, only the service has it.",
    };
  if (main.length + others.length === 0) return null;
  const problems: string[] = [];
  const away = new Set<string>();
  for (const url of [...main, ...others]) {
    const problem = await enter(url, config);
    if (problem === null) continue;
    problems.push(problem);
    away.add(url);
  }
  // Of several brokers that are walked in order one may be away.
  const isBad = [main, others].some((urls) => urls.length > 0 && urls.every((url) => away.has(url)));
  if (problems.length > 0) return { state: isBad ? "bad" : "warning", sentence: problems.join(" ") };
  const hosts = [...main, ...others].map((url) => new URL(url).host);
  return { state: "good", sentence: `${hosts.join(", ")} lets this gate in.` };
}

/** Reads every file that a setting of `report` or `broker` names; gives the settings of those that only the service may have. */
function readAll({ report, broker }: Config): string[] {
  const hidden: string[] = [];
  const isHere = (setting: string, file: string) => {
    const isOfService =
      file !== "" &&
      !isAbsolute(file) &&
      !existsSync(file) &&
      process.env.CREDENTIALS_DIRECTORY === undefined;
    if (isOfService) hidden.push(`${setting} (${file})`);
    return !isOfService;
  };
  const account = ["passwordFile", "caFile", "certFile", "keyFile"] as const;
  if (account.map((name) => isHere(`report.${name}`, report[name])).every((here) => here))
    readAccount(report, silentLog);
  for (const name of ["plateKeyFile", "commandKeyFile"] as const)
    if (isHere(`report.${name}`, report[name])) readKey(`report.${name}`, report[name], silentLog);
  for (const [i, hook] of report.webhooks.entries()) {
    const name = `report.webhooks.${i}`;
    if (isHere(`${name}.secretFile`, hook.secretFile))
      readKey(`${name}.secretFile`, hook.secretFile, silentLog);
    if (isHere(`${name}.caFile`, hook.caFile)) readCredential(`${name}.caFile`, hook.caFile);
  }
  if (isHere("broker.passwordFile", broker.passwordFile))
    readSecret("broker.passwordFile", broker.passwordFile, silentLog);
  return hidden;
}

/** Why the broker does not let us in; null: it does. */
async function enter(url: string, { report, site, gate }: Config): Promise<string | null> {
  const identity = { site, gate, serial: machineSerial(), version: "" };
  const versions = report.protocol === "auto" ? (["5", "3.1.1"] as const) : ([report.protocol] as const);
  let sentence = "";
  for (const version of versions) {
    const options = connectionOptions(
      url,
      report,
      readAccount(report, silentLog),
      identity,
      version,
      "-doctor",
    );
    try {
      const connection = await openConnection(
        { ...options, connectTimeoutMs: WAIT_MS },
        { message: () => {}, lost: () => {} },
      );
      await connection.close();
      return null;
    } catch (error) {
      const problem = error as ConnectionProblem;
      sentence = problem.sentence;
      // Some old brokers hang up on what they do not know.
      if (problem.wrongVersion !== true && problem.hungUp !== true) break;
    }
  }
  return sentence;
}
