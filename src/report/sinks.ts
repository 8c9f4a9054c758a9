import { createAnnouncements } from "./announcements.js";
import { readCredential } from "./credentials.js";
import { createHomeAssistant } from "./home-assistant.js";
import { createIntake, type Intake } from "./intake.js";
import { acknowledgeUpTo, believed, createLedger, type Ledger } from "./ledger.js";
import { readAccount, readKey } from "./link-options.js";
import { type Companion, createMqttSink } from "./mqtt-sink.js";
import { createOnvif } from "./onvif.js";
import { plateCover } from "./privacy.js";
import type { ReportDeps } from "./report.js";
import type { Sink } from "./sink.js";
import { createSparkplugSink } from "./sparkplug-sink.js";
import { topicsOf } from "./topics.js";
import { createWebhookSink } from "./webhook-sink.js";

/** Home Assistant keeps pictures in its database: larger ones are not for it. */
const MOST_PICTURE_BYTES = 100_000;

/**
 * Builds every receiver that the configuration asks for, with the books they share. Reads all files that settings
 * name, so that a wrong one is told at the start; throws `CredentialError`.
 */
export async function createSinks(
  deps: ReportDeps,
): Promise<{ sinks: readonly Sink[]; ledger: Ledger; intake: Intake }> {
  const { config, clock, log, identity, outbox, state } = deps;
  const { report } = config;
  const own = readAccount(report, log);
  const { username, password } = deps.embedded ?? {};
  const account =
    report.url === "embedded" && password !== undefined
      ? { ...own, password, ...(username === undefined ? {} : { username }) }
      : own;
  const plateKey = readKey("report.plateKeyFile", report.plateKeyFile, log);
  const commandKey = readKey("report.commandKeyFile", report.commandKeyFile, log);
  if (report.commands === "signed" && commandKey === null)
    throw new Error("report.commands: signed needs report.commandKeyFile.");

  const names = [
    "mqtt",
    ...(report.sparkplug.enabled ? ["sparkplug"] : []),
    ...report.webhooks.map((h) => `webhook:${h.name}`),
  ];
  const saved = believed((await deps.cursors?.load()) ?? {}, await outbox.lastSeq());
  const cursors = deps.cursors ? { cursors: deps.cursors } : {};
  const ledger = createLedger({ outbox, sinks: names, saved, clock, log, ...cursors });
  await acknowledgeUpTo(outbox, Math.min(...names.map(ledger.cursor)));
  const position = (name: string) => ({
    delivered: (seqs: readonly number[]) => ledger.delivered(name, seqs),
    resumeAfter: ledger.cursor(name),
  });

  const announcements = await createAnnouncements(log, deps.announced);
  const topics = topicsOf(report.topic, identity.site, identity.gate);
  const url = report.url === "embedded" ? (deps.embedded?.url ?? null) : report.url;
  const companions: Companion[] = [];
  const place = { site: identity.site, gate: identity.gate };
  const intake = createIntake({
    rules: { accept: report.commands, key: commandKey, place },
    clock,
    log,
    gate: deps.commands,
    answer: (result) =>
      void mqtt
        .publish(topics.resultBarrier, JSON.stringify(result), { qos: 1, expirySeconds: 60 })
        .catch(() => {}),
  });
  const mqtt = createMqttSink({
    url,
    config,
    account,
    identity,
    topics,
    plates: plateCover(report.plates, plateKey),
    clock,
    log,
    outbox,
    state,
    intake,
    companions,
    announcements,
    ...picture(),
    ...position("mqtt"),
  });
  if (report.homeAssistant.enabled) {
    const { prefix, commands, deviceId } = report.homeAssistant;
    const options = { prefix, commands, deviceId, pictures: picture().picture !== undefined };
    const ours = { identity, topics, options, state, clock, log, intake, announcements };
    companions.push(createHomeAssistant({ ...ours, republish: mqtt.republish, settled: mqtt.settled }));
  }
  if (report.onvif.enabled) {
    const prefix = report.onvif.topicPrefix || topics.base;
    companions.push(createOnvif({ identity, prefix, plates: plateCover(report.onvif.plates, plateKey) }));
  }
  return { sinks: [mqtt, ...sparkplug(), ...webhooks()], ledger, intake };

  /** A crop shows the plate: it goes out only where the plate itself does. */
  function picture(): { picture?: (passId: string) => Promise<Uint8Array | null> } {
    const { pictures } = deps;
    if (pictures === undefined || report.plates !== "plain") return {};
    return {
      picture: async (passId) => {
        const jpeg = await pictures.crop(passId);
        return jpeg !== null && jpeg.length <= MOST_PICTURE_BYTES ? jpeg : null;
      },
    };
  }

  function sparkplug(): Sink[] {
    if (!report.sparkplug.enabled) return [];
    const listed = report.sparkplug.servers;
    const servers = listed.length > 0 ? listed : url === null ? [] : [url];
    if (servers.length === 0)
      throw new Error("report.sparkplug: there is no broker; set report.sparkplug.servers.");
    const plates = plateCover(report.sparkplug.plates, plateKey);
    // The password of the broker inside is nobody else's business.
    const theirs = listed.length > 0 ? own : account;
    const rest = { config, servers, account: theirs, identity, plates, clock, log, outbox, state, intake };
    return [createSparkplugSink({ ...rest, ...position("sparkplug") })];
  }

  function webhooks(): Sink[] {
    return report.webhooks.map((hook, i) =>
      createWebhookSink({
        hook,
        key: readKey(`report.webhooks.${i}.secretFile`, hook.secretFile, log),
        ca: readCredential(`report.webhooks.${i}.caFile`, hook.caFile),
        identity,
        plates: plateCover(hook.plates, plateKey),
        clock,
        log,
        outbox,
        ...position(`webhook:${hook.name}`),
      }),
    );
  }
}
