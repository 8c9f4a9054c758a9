import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { CommandKind, Identity, StatePort, StorageView } from "./ports.js";
import type { EventMessage } from "./shapes.js";
import {
  cameraMetrics,
  deviceId,
  devices,
  gateMetrics,
  type LastEvent,
  type NamedMetric,
  nodeMetrics,
  type Snapshot,
} from "./sparkplug-metrics.js";
import { createEdgeNode, type SparkplugMessage } from "./sparkplug-node.js";

export interface Session {
  /** Begins to listen for changes. */
  start(): void;
  /** A new CONNECT is about to be made. */
  will(): SparkplugMessage;
  death(): SparkplugMessage;
  /** NBIRTH and DBIRTHs, first or again. */
  birth(): void;
  /** What was kept back while the host caught up may go out now. */
  goLive(): void;
  event(event: OutboxEvent, message: EventMessage): void;
  /** The pass of the newest event, while the node tells one. */
  lastPassId(): string | null;
  /** Nothing is told any more of the pass of the newest event. */
  forgetLast(): void;
  /** Tells what became of a command, and sets its metric back; `kind` null: it was none that we know. */
  answer(kind: CommandKind | null, sentence: string): void;
  isBorn(): boolean;
  bornAt(): number;
  nameOf(device: string, alias: number): string | null;
  deviceOf(topic: string): string | null;
  readonly commandTopics: readonly [node: string, devices: string];
  /** The connection is gone. */
  end(): void;
  close(): void;
}

const LOOK_MS = 30_000;
const NOTHING: LastEvent = {
  plate: null,
  probability: null,
  verdict: null,
  reason: null,
  passId: null,
  json: null,
};

/** One edge node from birth to death, over all its connections; `publish` sends at QoS 0, in order. */
export function createSession(deps: {
  group: string;
  node: string;
  identity: Identity;
  state: StatePort;
  clock: Clock;
  publish(message: SparkplugMessage): void;
}): Session {
  const { clock, state, identity, publish } = deps;
  const edge = createEdgeNode(deps.group, deps.node);
  const gate = deviceId(identity.gate);
  const counts = { passes: 0, granted: 0, denied: 0, ask: 0 };
  let last: LastEvent = NOTHING;
  let result = "";
  let storage: StorageView | null = null;
  let born = false;
  let live = false;
  let bornAt = 0;
  // Newest time of a live value: what is committed later may have happened a little earlier, and hosts drop what goes back.
  let newestAt = 0;
  let highest = 0;
  let unsubscribe = () => {};
  let cancel = () => {};
  let closed = false;

  return {
    start() {
      unsubscribe = state.subscribe(look);
      tick();
    },
    will: () => edge.will(clock.wallMs()),
    death: () => edge.death(clock.wallMs()),
    birth,
    goLive() {
      live = true;
      look();
    },
    event,
    lastPassId: () => last.passId,
    forgetLast() {
      last = NOTHING;
      look();
    },
    answer(kind, sentence) {
      result = sentence;
      if (!born || !edge.isBorn(gate)) return;
      const wanted = [controlOf(kind), "Control/Result"];
      send(
        edge.data(
          gate,
          gateMetrics(snapshot()).filter((m) => wanted.includes(m.name)),
          clock.wallMs(),
        ),
      );
    },
    isBorn: () => born,
    bornAt: () => bornAt,
    nameOf: edge.nameOf,
    deviceOf: edge.deviceOf,
    commandTopics: edge.commandTopics,
    end() {
      born = false;
      live = false;
    },
    close() {
      closed = true;
      unsubscribe();
      cancel();
    },
  };

  function birth(): void {
    const now = clock.wallMs();
    // A rebirth does not make history of what is happening.
    if (!born || now < bornAt) bornAt = now;
    born = true;
    newestAt = now;
    const s = snapshot();
    publish(edge.birth(nodeMetrics(s), now));
    for (const device of devices(s))
      if (device.alive) publish(edge.deviceBirth(device.id, metricsOf(s, device), now));
  }

  /** Reports by exception: only what differs from what was said last. */
  function look(): void {
    if (!born || !live || closed) return;
    const s = snapshot();
    const now = clock.wallMs();
    // The clock was set back: only births may go back in time.
    if (now < newestAt) birth();
    newestAt = now;
    send(edge.changes(null, nodeMetrics(s), now));
    for (const device of devices(s)) {
      const metrics = metricsOf(s, device);
      if (device.alive && edge.isBorn(device.id)) send(edge.changes(device.id, metrics, now));
      else if (device.alive) publish(edge.deviceBirth(device.id, metrics, now));
      else if (edge.isBorn(device.id)) publish(edge.deviceDeath(device.id, now));
    }
  }

  function event(row: OutboxEvent, message: EventMessage): void {
    // One that is sent again after a loss counts once.
    if (row.seq > highest) {
      highest = row.seq;
      if (message.event === "pass" && message.phase === "NEW") counts.passes++;
      if (message.event === "decision") counts[message.decision.verdict]++;
    }
    const facts =
      message.event === "pass" ? message.pass : message.event === "decision" ? message.decision : null;
    last = {
      plate: facts?.plate ?? last.plate,
      probability: facts?.probability ?? last.probability,
      verdict: facts?.verdict ?? last.verdict,
      reason: facts?.reason ?? last.reason,
      passId:
        message.event === "pass"
          ? message.pass.id
          : message.event === "decision"
            ? message.decision.passId
            : last.passId,
      json: JSON.stringify(message),
    };
    const historical = row.at < bornAt;
    if (!historical) newestAt = Math.max(newestAt, row.at);
    const timestamp = historical ? row.at : newestAt;
    const metrics = nodeMetrics(snapshot())
      .filter(
        (m) =>
          (facts !== null && m.name.startsWith("Event/")) ||
          m.name === "Event/Json" ||
          (!historical && m.name.startsWith("Count/")),
      )
      .map((m): NamedMetric => ({ ...m, timestamp, ...(historical ? { historical } : {}) }));
    send(edge.data(null, metrics, clock.wallMs()));
  }

  function send(message: SparkplugMessage | null | "rebirth"): void {
    if (message === "rebirth") birth();
    else if (message !== null) publish(message);
  }

  function snapshot(): Snapshot {
    const figures = state.figures?.() ?? {};
    return {
      identity,
      barrier: state.barrier(),
      inputs: state.inputs(),
      health: state.health(),
      figures,
      storage,
      last,
      counts,
      result,
    };
  }

  function metricsOf(s: Snapshot, device: { camera: string | null }): NamedMetric[] {
    return device.camera === null ? gateMetrics(s) : cameraMetrics(s, device.camera);
  }

  function tick(): void {
    state.storage?.().then(
      (s) => {
        storage = s;
        look();
      },
      () => {},
    );
    look();
    cancel = clock.after(LOOK_MS, tick);
  }
}

function controlOf(kind: CommandKind | null): string {
  switch (kind) {
    case null:
      return "";
    case "hold":
    case "release":
      return "Control/Hold";
    case "mode":
      return "Control/Mode";
    case "close":
      return "Control/Close";
    case "approve":
      return "Control/Approve";
    case "refuse":
      return "Control/Refuse";
    default:
      return "Control/Open";
  }
}
