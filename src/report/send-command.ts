import { randomUUID } from "node:crypto";
import type { Config } from "../config.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { signCommand } from "./commands.js";
import type { ConnectionProblem } from "./connection-problem.js";
import { readSecret } from "./credentials.js";
import { type Account, connectionOptions, readAccount, readKey } from "./link-options.js";
import { openConnection } from "./mqtt-connection.js";
import type { BarrierCommandMessage, BarrierResultMessage } from "./shapes.js";
import { topicsOf } from "./topics.js";

/** What is asked for; nonce, time and signature are added here. */
export type Wish = Pick<
  BarrierCommandMessage,
  "command" | "by" | "holdMs" | "mode" | "pass" | "plate" | "why"
>;

/** How long a command is good for, and its answer is waited for. */
const TTL_MS = 5000;

/**
 * Puts one command to a running gate the way every other system does: over the broker that its configuration names, with its
 * user, certificates and signing key. Fulfils with the gate's own answer; rejects with one sentence when none came.
 */
export async function sendCommand(
  wish: Wish,
  { config, clock, log }: { config: Config; clock: Clock; log: Log },
): Promise<BarrierResultMessage> {
  const { report, site, gate } = config;
  if (report.commands === "off")
    throw new Error(
      "This gate takes no commands: set report.commands to signed (with report.commandKeyFile) or on.",
    );
  const key = readKey("report.commandKeyFile", report.commandKeyFile, log);
  const topics = topicsOf(report.topic, site, gate);
  const message: BarrierCommandMessage = {
    ...wish,
    nonce: randomUUID(),
    issuedAt: clock.wallMs(),
    ttlMs: TTL_MS,
  };
  const signed = key === null ? message : { ...message, sig: signCommand(message, key, { site, gate }) };
  let heard: (result: BarrierResultMessage) => void = () => {};
  let failed: (error: Error) => void = () => {};
  const answer = new Promise<BarrierResultMessage>((resolve, reject) => {
    heard = resolve;
    failed = reject;
  });
  // A connection of its own name: the gate's own must not be thrown out by it.
  const options = connectionOptions(
    brokerUrl(config),
    { ...report, clientId: `plategate-command-${randomUUID().slice(0, 8)}` },
    account(config, log),
    { site, gate, serial: "", version: "" },
    report.protocol === "5" ? "5" : "3.1.1",
  );
  const connection = await openConnection(options, {
    message({ payload }) {
      const result = parsed(payload);
      if (result?.nonce === message.nonce) heard(result);
    },
    lost: (problem) => failed(new Error(problem.sentence)),
  }).catch((problem: ConnectionProblem) => {
    throw new Error(problem.sentence);
  });
  const cancel = clock.after(TTL_MS, () =>
    failed(new Error("The gate did not answer. Is it running, and connected to this broker?")),
  );
  try {
    await connection.subscribe([topics.resultBarrier]);
    await connection.publish(topics.setBarrier, JSON.stringify(signed), { qos: 1 });
    return await answer;
  } finally {
    cancel();
    answer.catch(() => {});
    await connection.close();
  }
}

function brokerUrl({ report, broker }: Config): string {
  if (report.url !== "embedded") return report.url;
  const host = broker.host === "0.0.0.0" || broker.host === "::" ? "127.0.0.1" : broker.host;
  return `mqtt://${host.includes(":") ? `[${host}]` : host}:${broker.port}`;
}

function account({ report, broker }: Config, log: Log): Account {
  if (report.url !== "embedded") return readAccount(report, log);
  const password = readSecret("broker.passwordFile", broker.passwordFile, log);
  return password === null ? { tls: {} } : { username: broker.username, password, tls: {} };
}

function parsed(payload: Buffer): BarrierResultMessage | null {
  try {
    return JSON.parse(payload.toString("utf8")) as BarrierResultMessage;
  } catch {
    return null;
  }
}
