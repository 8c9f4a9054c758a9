import type { IClientOptions } from "mqtt";
import { get } from "sparkplug-payload";
import { type Listener, listener } from "./mqtt-listener.js";

const codec = get("spBv1.0")!;
type Payload = ReturnType<typeof codec.decodePayload>;

export interface HostMessage {
  type: string;
  device: string | null;
  payload: Payload;
  qos: number;
  retain: boolean;
  /** Metrics with the names that their aliases stand for. */
  metrics: HostMetric[];
}

export interface HostMetric {
  name: string;
  value: unknown;
  type: string;
  timestamp: number;
  historical: boolean;
  hasName: boolean;
  alias: number | null;
  /** 0 bad, 192 good, 500 stale; null: nothing is said of it. */
  quality: number | null;
}

export interface SparkplugHost {
  messages: HostMessage[];
  /** Rules that a message broke, by their id in the specification where it has one. */
  violations: string[];
  /** Other nodes of the group that were heard. */
  strangers: ReadonlySet<string>;
  listener: Listener;
  of(type: string): HostMessage[];
  /** The newest non-historical value of a metric; `device` null: of the node. */
  value(device: string | null, name: string): unknown;
  /** bdSeq of the newest NBIRTH. */
  bdSeq(): number;
  isAlive(device: string | null): boolean;
  command(device: string, metrics: object[], more?: { timestamp?: number; retain?: boolean }): Promise<void>;
  rebirth(): Promise<void>;
  state(online: boolean, timestamp: number): Promise<void>;
  alias(device: string | null, name: string): number;
  close(): Promise<void>;
}

/**
 * A host application written from the specification (Sparkplug 3.0, chapters 5 and 6): it checks every message of one
 * edge node as it comes. It uses the package's own decoder, which our product does not.
 */
export async function sparkplugHost(
  url: string,
  group: string,
  node: string,
  hostId = "scada",
  options: IClientOptions = {},
): Promise<SparkplugHost> {
  const ear = await listener(url, [`spBv1.0/${group}/#`, `spBv1.0/STATE/${hostId}`], options);
  const messages: HostMessage[] = [];
  const violations: string[] = [];
  const strangers = new Set<string>();
  const aliases = new Map<string, Map<number, { name: string; type: string }>>();
  const allAliases = new Map<number, string>();
  const values = new Map<string, { value: unknown; at: number }>();
  const alive = new Set<string>();
  let expectedSeq: number | null = null;
  let bdSeq = -1;

  ear.client.on("message", (topic, bytes, packet) => {
    const [space, messageGroup, type, messageNode, device] = topic.split("/");
    if (messageGroup === "STATE" || type === "NCMD" || type === "DCMD") return;
    const rule = (ok: boolean, id: string, what: string) => {
      if (!ok) violations.push(`${id}: ${type} ${device ?? ""}: ${what}`);
    };
    if (messageNode !== node) return void strangers.add(String(messageNode));
    rule(space === "spBv1.0" && messageGroup === group, "topic-structure", topic);
    rule(!packet.retain, `topics-${type?.toLowerCase()}-mqtt retain false`, "it is retained");
    rule(
      packet.qos === 0 || type === "NDEATH",
      `topics-${type?.toLowerCase()}-mqtt QoS 0`,
      `QoS ${packet.qos}`,
    );
    const payload = codec.decodePayload(bytes);
    const key = device ?? "";
    const raw = payload.metrics ?? [];
    rule(payload.timestamp !== undefined, "payloads-timestamp-in-UTC", "no timestamp");
    const known = type?.endsWith("BIRTH")
      ? new Map<number, { name: string; type: string }>()
      : (aliases.get(key) ?? new Map());

    if (type === "NDEATH") {
      rule(payload.seq === undefined, "payloads-ndeath-seq", "it has a seq");
      rule(raw.length === 1 && raw[0]?.name === "bdSeq", "payloads-ndeath-bdseq", "it has more than bdSeq");
      if (Number(raw[0]?.value) === bdSeq) alive.clear();
      messages.push({ type, device: null, payload, qos: packet.qos, retain: packet.retain, metrics: [] });
      return;
    }
    const seq = Number(payload.seq);
    if (type === "NBIRTH") {
      rule(seq === 0, "payloads-nbirth-seq", `seq ${seq}`);
      const own = raw.find((m) => m.name === "bdSeq");
      rule(own !== undefined, "topics-nbirth-bdseq-included", "no bdSeq");
      rule(own?.type === "Int64" || own?.type === "UInt64", "payloads-nbirth-bdseq type", String(own?.type));
      bdSeq = Number(own?.value);
      const rebirth = raw.find((m) => m.name === "Node Control/Rebirth");
      rule(
        rebirth?.value === false && rebirth.type === "Boolean",
        "topics-nbirth-rebirth-metric",
        "no Rebirth false",
      );
      rule(rebirth?.alias === undefined, "payloads-name-birth-data-requirement", "Rebirth has an alias");
      alive.clear();
      alive.add("");
      aliases.clear();
      allAliases.clear();
    } else {
      rule(seq === expectedSeq, "payloads-sequence-num-incrementing", `seq ${seq} instead of ${expectedSeq}`);
      rule(alive.has(""), "operational-behavior-data-before-birth", "the node is not born");
    }
    expectedSeq = (seq + 1) % 256;
    if (type === "DBIRTH") alive.add(key);
    if (type === "DDEATH") {
      rule(alive.has(key), "operational-behavior-device-ddeath", "the device was not born");
      alive.delete(key);
    }
    if (type === "DDATA" || type === "NDATA") rule(alive.has(key), "data only after birth", "not born");

    const metrics: HostMetric[] = raw.map((m) => {
      const alias = m.alias === undefined ? null : Number(m.alias);
      if (type?.endsWith("BIRTH")) {
        rule(m.name !== undefined, "payloads-name-in-birth", "a metric without name");
        rule(m.type !== undefined, "payloads-metric-datatype-req", `${m.name} without datatype`);
        rule(m.value !== undefined, "topics-nbirth-metric-reqs", `${m.name} without value`);
        if (alias !== null) {
          rule(
            (allAliases.get(alias) ?? `${key}/${m.name}`) === `${key}/${m.name}`,
            "payloads-alias-uniqueness",
            `alias ${alias} of ${m.name} and ${allAliases.get(alias)}`,
          );
          allAliases.set(alias, `${key}/${m.name}`);
          known.set(alias, { name: m.name!, type: String(m.type) });
        }
      } else if (type?.endsWith("DATA")) {
        rule(m.name === undefined, "payloads-alias-data-cmd-requirement", `${m.name} has a name`);
        rule(alias !== null && known.has(alias), "data for announced metrics only", `alias ${alias}`);
        rule(alias === null || known.get(alias)?.type === m.type, "datatype as announced", `alias ${alias}`);
      }
      rule(m.timestamp !== undefined, "payloads-metric-timestamp", "a metric without timestamp");
      const name = m.name ?? (alias === null ? "?" : (known.get(alias)?.name ?? "?"));
      const at = Number(m.timestamp);
      const property = m.properties?.Quality;
      const quality = property === undefined ? null : Number(property.value);
      rule(
        property === undefined || property.type === "Int32",
        "payloads-propertyset-quality-value-type",
        name,
      );
      rule(
        quality === null || [0, 192, 500].includes(quality),
        "payloads-propertyset-quality-value-value",
        `${name}: ${quality}`,
      );
      const before = values.get(`${key}/${name}`);
      if (m.isHistorical !== true) {
        rule(
          before === undefined || at >= before.at || type?.endsWith("BIRTH") === true,
          "time order",
          `${name} goes back`,
        );
        values.set(`${key}/${name}`, { value: plain(m.value), at });
      }
      return {
        name,
        value: plain(m.value),
        type: String(m.type),
        timestamp: at,
        historical: m.isHistorical === true,
        hasName: m.name !== undefined,
        alias,
        quality,
      };
    });
    if (type?.endsWith("BIRTH")) aliases.set(key, known);
    messages.push({
      type: type!,
      device: device ?? null,
      payload,
      qos: packet.qos,
      retain: packet.retain,
      metrics,
    });
  });

  const send = (type: string, device: string, payload: object, retain = false) =>
    ear.publish(
      `spBv1.0/${group}/${type}/${node}${device}`,
      Buffer.from(codec.encodePayload(payload as never)),
      { qos: 0, retain },
    );
  const alias = (device: string | null, name: string) =>
    [...(aliases.get(device ?? "") ?? [])].find(([, m]) => m.name === name)?.[0] ?? -1;

  return {
    messages,
    violations,
    strangers,
    listener: ear,
    of: (type) => messages.filter((m) => m.type === type),
    value: (device, name) => values.get(`${device ?? ""}/${name}`)?.value,
    bdSeq: () => bdSeq,
    isAlive: (device) => alive.has(device ?? ""),
    command: (device, metrics, { timestamp = Date.now(), retain = false } = {}) =>
      send("DCMD", `/${device}`, { timestamp, metrics: metrics.map((m) => ({ timestamp, ...m })) }, retain),
    rebirth: () =>
      send("NCMD", "", {
        timestamp: Date.now(),
        metrics: [{ name: "Node Control/Rebirth", type: "Boolean", value: true, timestamp: Date.now() }],
      }),
    state: (online, timestamp) =>
      ear.publish(`spBv1.0/STATE/${hostId}`, JSON.stringify({ online, timestamp }), { qos: 1, retain: true }),
    alias,
    close: () => ear.close(),
  };
}

function plain(value: unknown): unknown {
  return value !== null && typeof value === "object" && "low" in value ? Number(value) : value;
}
