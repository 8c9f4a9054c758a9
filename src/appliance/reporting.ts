import { hostname } from "node:os";
import type { Config } from "../config.js";
import type { Desk } from "../gate/desk.js";
import type { Gate } from "../gate/gate-types.js";
import { type Broker, createBroker } from "../report/broker.js";
import type { Figures, HealthView, Identity, ReportStatus, StorageView } from "../report/ports.js";
import { createReport, type Report } from "../report/report.js";
import type { Store } from "../store/store.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { machineModel } from "./identity.js";

export interface ReportingDeps {
  config: Config;
  clock: Clock;
  log: Log;
  identity: Identity;
  store: Store;
  gate: Gate;
  desk: Desk;
  health: () => readonly HealthView[];
  storage: () => Promise<StorageView>;
  figures: () => Figures;
  /** Tells when anything changed; returns the unsubscribe. */
  subscribe: (listener: () => void) => () => void;
}

/** The broker inside, where it is wanted, and the report that talks to it or to another one. */
export function createReporting({
  config,
  clock,
  log,
  identity,
  store,
  gate,
  desk,
  health,
  storage,
  figures,
  subscribe,
}: ReportingDeps) {
  let broker: Broker | null = null;
  let report: Report | null = null;
  let url = config.report.url;

  return {
    async start(): Promise<void> {
      let embedded = null;
      if (config.report.url === "embedded") {
        broker = createBroker({ config: config.broker, log: log.child({ part: "broker" }) });
        embedded = await broker.start();
        url = embedded.url;
      }
      report = createReport({
        config,
        clock,
        log: log.child({ part: "report" }),
        outbox: store.outbox,
        state: {
          barrier: () => gate.view(),
          inputs: () => gate.view().inputs,
          health,
          storage,
          figures,
          newestPass: async () => (await store.passes.list({ limit: 1 })).items[0] ?? null,
          subscribe,
        },
        commands: desk.command,
        identity: { ...identity, ...machineModel(), ...pageUrl(config) },
        pictures: { crop: (passId) => store.passes.picture(passId, "crop") },
        cursors: kept(store, "report.cursors"),
        announced: kept(store, "report.announced"),
        embedded,
      });
      await report.start();
    },
    /** Something was committed. */
    poke: () => report?.poke(),
    /** Address of the broker that the report talks to. */
    url: () => url,
    status: (): ReportStatus =>
      report?.status() ?? { sinks: [], queued: 0, overflowed: 0, commands: { accepted: 0, refused: {} } },
    async close(): Promise<void> {
      await report?.close();
      await broker?.close();
    },
  };
}

/** One value of the report part among the settings of the store, as JSON; an empty object at first. */
function kept(store: Store, name: string) {
  return {
    load: async () => JSON.parse((await store.settings.get(name)) ?? "{}"),
    save: (value: object) => store.settings.set(name, JSON.stringify(value)),
  };
}

/** Where others find the page; it is told only where others can reach it. */
function pageUrl({ web }: Config): { pageUrl?: string } {
  const isInside = web.host === "localhost" || web.host === "::1" || web.host.startsWith("127.");
  if (isInside || web.port === 0) return {};
  const host = web.host === "0.0.0.0" || web.host === "::" ? hostname() : web.host;
  return { pageUrl: `http://${host.includes(":") ? `[${host}]` : host}:${web.port}` };
}
