import type { Config } from "../config.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { createHomeAssistant } from "./home-assistant.js";
import { createIntake } from "./intake.js";
import { createLedger } from "./ledger.js";
import { readAccount, readKey } from "./link-options.js";
import { type Companion, createMqttSink } from "./mqtt-sink.js";
import { createOverflow } from "./overflow.js";
import type {
  CommandPort,
  CursorPort,
  Identity,
  OutboxPort,
  PicturePort,
  ReportStatus,
  StatePort,
} from "./ports.js";
import { plateCover } from "./privacy.js";
import type { Sink } from "./sink.js";
import { topicsOf } from "./topics.js";

export interface ReportDeps {
  config: Config;
  clock: Clock;
  log: Log;
  outbox: OutboxPort;
  state: StatePort;
  /** The gate. Never called by anything retained, repeated, expired, malformed or wrongly signed. */
  commands: CommandPort;
  identity: Identity;
  pictures?: PicturePort;
  /** Left out: after a restart, receivers that were ahead of the slowest hear some events again (same ids). */
  cursors?: CursorPort;
  /** Where the broker inside listens, when `report.url` is `embedded`; null: it could not be started. */
  embedded?: { url: string; username?: string; password?: string } | null;
}

export interface Report {
  /** Connects and begins to send. Throws `CredentialError` when a file that a setting names cannot be used. */
  start(): Promise<void>;
  /** Something was committed: look into the outbox now. Cheap; call it after every commit. */
  poke(): void;
  status(): ReportStatus;
  /** Says goodbye (`offline`), notes what was delivered, ends. */
  close(): Promise<void>;
}

/** Home Assistant keeps pictures in its database: larger ones are not for it. */
const MOST_PICTURE_BYTES = 100_000;

/** Tells the world what happens at the gate, and the gate what the world asks for. */
export function createReport(deps: ReportDeps): Report {
  const { config, clock, identity } = deps;
  const { log } = deps;
  const { report } = config;
  let sinks: readonly Sink[] = [];
  let closeRest = async () => {};
  let commands: () => ReportStatus["commands"] = () => ({ accepted: 0, refused: {} });
  let overflow: ReturnType<typeof createOverflow> | null = null;

  return {
    async start() {
      const url = report.url === "embedded" ? deps.embedded?.url : report.url;
      const account = readAccount(report, log);
      if (report.url === "embedded" && deps.embedded?.password !== undefined)
        Object.assign(account, { username: deps.embedded.username, password: deps.embedded.password });
      const plateKey = readKey("report.plateKeyFile", report.plateKeyFile, log);
      const commandKey = readKey("report.commandKeyFile", report.commandKeyFile, log);
      if (report.commands === "signed" && commandKey === null)
        throw new Error("report.commands: signed needs report.commandKeyFile.");
      const topics = topicsOf(report.topic, identity.site, identity.gate);
      const saved = (await deps.cursors?.load()) ?? {};
      const names = ["mqtt"];
      const cursors = deps.cursors ? { cursors: deps.cursors } : {};
      const ledger = createLedger({ outbox: deps.outbox, sinks: names, saved, clock, log, ...cursors });

      const intake = createIntake({
        rules: {
          accept: report.commands,
          key: commandKey,
          place: { site: identity.site, gate: identity.gate },
        },
        clock,
        log,
        gate: deps.commands,
        answer: (result) =>
          void mqtt
            .publish(topics.resultBarrier, JSON.stringify(result), { qos: 1, expirySeconds: 60 })
            .catch(() => {}),
      });
      const companions: Companion[] = [];
      const mqtt = createMqttSink({
        url: url ?? "mqtt://127.0.0.1:1883",
        config,
        account,
        identity,
        topics,
        plates: plateCover(report.plates, plateKey),
        clock,
        log,
        outbox: deps.outbox,
        state: deps.state,
        intake,
        companions,
        ...picture(),
        delivered: (seqs) => ledger.delivered("mqtt", seqs),
        resumeAfter: ledger.cursor("mqtt"),
      });
      if (report.homeAssistant.enabled) {
        const { prefix, commands: mayCommand } = report.homeAssistant;
        const options = {
          prefix,
          commands: mayCommand,
          pictures: report.plates === "plain" && deps.pictures !== undefined,
        };
        const { state } = deps;
        companions.push(
          createHomeAssistant({
            identity,
            topics,
            options,
            state,
            clock,
            log,
            intake,
            republish: mqtt.republish,
          }),
        );
      }
      sinks = [mqtt];
      commands = intake.status;
      overflow = createOverflow({ outbox: deps.outbox, most: report.maxQueued, clock, log });
      closeRest = () => ledger.settled();
      for (const sink of sinks) sink.start();
      overflow.start();
    },
    poke: () => {
      for (const sink of sinks) sink.poke();
    },
    status: () => ({
      sinks: sinks.map((s) => s.status()),
      queued: overflow?.status().queued ?? 0,
      overflowed: overflow?.status().overflowed ?? 0,
      commands: commands(),
    }),
    async close() {
      overflow?.close();
      await Promise.all(sinks.map((s) => s.close()));
      await closeRest();
    },
  };

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
}
