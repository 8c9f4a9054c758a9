import { hostname } from "node:os";
import type { Config } from "../config.js";
import type { Desk } from "../gate/desk.js";
import type { Gate } from "../gate/gate-types.js";
import { type Broker, createBroker } from "../report/broker.js";
import type {
  Figures,
  HealthView,
  Identity,
  OutboxPort,
  ReportStatus,
  SinkStatus,
  StorageView,
} from "../report/ports.js";
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
  /** False: nothing that is kept can be reported; state and commands go over the wire all the same. */
  isStoreOpen: () => boolean;
  gate: Gate;
  desk: Desk;
  health: () => readonly HealthView[];
  storage: () => Promise<StorageView>;
  figures: () => Figures;
  /** Tells when anything changed; returns the unsubscribe. */
  subscribe: (listener: () => void) => () => void;
}

/** A report that could not begin, for want of a port or of a password file, tries again after this time. */
const RETRY_MS = 10_000;

/**
 * The broker inside, where it is wanted, and the report that talks to it or to another one. What keeps it from reporting
 * is logged and shown, and never keeps the gate from its work.
 */
export function createReporting({
  config,
  clock,
  log,
  identity,
  store,
  isStoreOpen,
  gate,
  desk,
  health,
  storage,
  figures,
  subscribe,
}: ReportingDeps) {
  let broker: Broker | null = null;
  let report: Report | null = null;
  let isWithoutStore = false;
  let embedded: Awaited<ReturnType<Broker["start"]>> | null = null;
  let url = config.report.url;
  let problem = "";
  let sinceAt = clock.wallMs();
  let closed = false;
  let trying = Promise.resolve();
  let cancelRetry = () => {};

  return {
    start,
    /** What could not be reported is reported from now on. */
    async storeOpened(): Promise<void> {
      if (!isWithoutStore) return;
      cancelRetry();
      await trying;
      await report?.close();
      report = null;
      await start();
    },
    /** Something was committed. */
    poke: () => report?.poke(),
    /** Another program has changed the store: what is told of the last vehicle may have been erased. */
    review: () => report?.review(),
    /** Address of the broker that the report talks to. */
    url: () => url,
    status: (): ReportStatus => ({
      ...(report?.status() ?? idle),
      ...(problem === "" ? {} : { sinks: [silent()] }),
    }),
    async close(): Promise<void> {
      closed = true;
      cancelRetry();
      // What a try is just opening has to be closed as well.
      await trying;
      await report?.close();
      await broker?.close();
    },
  };

  function start(): Promise<void> {
    if (closed) return trying;
    // A try that failed while this one was waited for must not be made again beside it.
    cancelRetry();
    trying = attempt();
    return trying;
  }

  async function attempt(): Promise<void> {
    try {
      await open();
      problem = "";
    } catch (error) {
      if (problem === "") sinceAt = clock.wallMs();
      problem = (error as Error).message;
      log.error({ againInMs: RETRY_MS }, `Nothing is reported: ${problem}`);
      await report?.close();
      await broker?.close();
      report = null;
      broker = null;
      embedded = null;
      if (!closed) cancelRetry = clock.after(RETRY_MS, () => void start());
    }
  }

  function silent(): SinkStatus {
    const none = { delivered: 0, resent: 0, dropped: 0, reconnects: 0 };
    return { name: "mqtt", state: "refused", sentence: `Nothing is reported: ${problem}`, sinceAt, ...none };
  }

  async function open(): Promise<void> {
    isWithoutStore = !isStoreOpen();
    if (config.report.url === "embedded" && broker === null) {
      broker = createBroker({ config: config.broker, log: log.child({ part: "broker" }) });
      embedded = await broker.start();
      url = embedded.url;
    }
    report = createReport({
      config,
      clock,
      log: log.child({ part: "report" }),
      ...(isWithoutStore ? { outbox: nothingKept } : keptIn(store)),
      state: {
        barrier: () => gate.view(),
        inputs: () => gate.view().inputs,
        health,
        ...(isWithoutStore ? {} : { storage }),
        figures,
        newestPass: async () =>
          isWithoutStore ? null : ((await store.passes.list({ limit: 1 })).items[0] ?? null),
        ...(isWithoutStore ? {} : { isKept: async (id: string) => (await store.passes.find(id)) !== null }),
        subscribe,
      },
      commands: desk.command,
      identity: { ...identity, ...machineModel(), ...pageUrl(config) },
      embedded,
    });
    await report.start();
  }
}

const idle: ReportStatus = {
  sinks: [],
  queued: 0,
  overflowed: 0,
  commands: { accepted: 0, refused: {} },
};

/** What the report reads and notes in the store. */
function keptIn(store: Store) {
  return {
    outbox: store.outbox,
    pictures: { crop: (passId: string) => store.passes.picture(passId, "crop") },
    cursors: kept(store, "report.cursors"),
    announced: kept(store, "report.announced"),
  };
}

/** Without the store there is nothing to deliver. */
const nothingKept: OutboxPort = {
  add: async () => {},
  pending: async () => [],
  acknowledge: async () => {},
  count: async () => 0,
  lastSeq: async () => 0,
};

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
