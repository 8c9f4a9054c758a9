import { encodeSparkplug, type Metric } from "./sparkplug-codec.js";
import { type NamedMetric, REBIRTH } from "./sparkplug-metrics.js";

export interface SparkplugMessage {
  topic: string;
  payload: Uint8Array;
}

export interface EdgeNode {
  /** A new CONNECT: the will that goes with it. Raises bdSeq. */
  will(now: number): SparkplugMessage;
  /** The same as the will, for an orderly end. */
  death(now: number): SparkplugMessage;
  /** NBIRTH; starts the sequence anew. Devices are born after it. */
  birth(metrics: readonly NamedMetric[], now: number): SparkplugMessage;
  deviceBirth(device: string, metrics: readonly NamedMetric[], now: number): SparkplugMessage;
  deviceDeath(device: string, now: number): SparkplugMessage;
  /**
   * What differs from what was last published of this device (null: of the node); null when nothing does, and
   * `"rebirth"` when there is a metric that was not announced.
   */
  changes(
    device: string | null,
    metrics: readonly NamedMetric[],
    now: number,
  ): SparkplugMessage | null | "rebirth";
  /** These metrics whether they changed or not; historical ones leave no trace in what counts as published. */
  data(device: string | null, metrics: readonly NamedMetric[], now: number): SparkplugMessage | "rebirth";
  /** Name of an announced metric by its alias, or null. */
  nameOf(device: string | null, alias: number): string | null;
  isBorn(device: string): boolean;
  readonly commandTopics: readonly [node: string, devices: string];
  /** Which device a DCMD topic names; null: another topic. */
  deviceOf(topic: string): string | null;
}

interface Born {
  names: Set<string>;
  last: Map<string, Metric["value"]>;
  quality: Map<string, Metric["quality"]>;
}

/** Keeps the books that Sparkplug demands of an edge node: bdSeq, seq, aliases, and what was announced. */
export function createEdgeNode(group: string, node: string): EdgeNode {
  const topic = (type: string, device?: string) =>
    `spBv1.0/${group}/${type}/${node}${device === undefined ? "" : `/${device}`}`;
  // Given out once per name and kept, so that an alias never changes its meaning while we run.
  const aliases = new Map<string, number>();
  const names = new Map<number, string>();
  const born = new Map<string | null, Born>();
  let bdSeq = -1;
  let seq = 255;

  return {
    will(now) {
      bdSeq = (bdSeq + 1) % 256;
      born.clear();
      return death(now);
    },
    death,
    birth(metrics, now) {
      born.clear();
      seq = 255;
      born.set(null, bornWith(metrics));
      const own: Metric[] = [
        { name: "bdSeq", type: "Int64", value: bdSeq },
        { name: REBIRTH, type: "Boolean", value: false },
      ];
      return message("NBIRTH", null, [...own, ...metrics.map((m) => withAlias(null, m))], now);
    },
    deviceBirth(device, metrics, now) {
      born.set(device, bornWith(metrics));
      return message(
        "DBIRTH",
        device,
        metrics.map((m) => withAlias(device, m)),
        now,
      );
    },
    deviceDeath(device, now) {
      born.delete(device);
      return message("DDEATH", device, [], now);
    },
    changes(device, metrics, now) {
      const known = born.get(device);
      if (known === undefined) return null;
      if (metrics.some((m) => !known.names.has(m.name))) return "rebirth";
      const changed = metrics.filter((m) => known.last.get(m.name) !== m.value);
      return changed.length === 0 ? null : publish(device, known, changed, now);
    },
    data(device, metrics, now) {
      const known = born.get(device);
      if (known === undefined || metrics.some((m) => !known.names.has(m.name))) return "rebirth";
      return publish(device, known, metrics, now);
    },
    nameOf(device, alias) {
      const full = names.get(alias);
      const prefix = `${device ?? ""}\n`;
      return full?.startsWith(prefix) ? full.slice(prefix.length) : null;
    },
    isBorn: (device) => born.has(device),
    commandTopics: [topic("NCMD"), topic("DCMD", "+")],
    deviceOf(name) {
      const prefix = topic("DCMD", "");
      return name.startsWith(prefix) ? name.slice(prefix.length) : null;
    },
  };

  function death(now: number): SparkplugMessage {
    const payload = encodeSparkplug({
      timestamp: now,
      metrics: [{ name: "bdSeq", type: "Int64", value: bdSeq }],
    });
    return { topic: topic("NDEATH"), payload };
  }

  function publish(
    device: string | null,
    known: Born,
    metrics: readonly NamedMetric[],
    now: number,
  ): SparkplugMessage {
    const short = metrics.map((m) => {
      const { name: _announced, unit: _too, quality, ...rest } = withAlias(device, m);
      // Quality goes along when it changes.
      return quality === undefined || quality === known.quality.get(m.name) ? rest : { ...rest, quality };
    });
    for (const m of metrics) {
      if (m.historical) continue;
      known.last.set(m.name, m.value);
      known.quality.set(m.name, m.quality);
    }
    return message(device === null ? "NDATA" : "DDATA", device, short, now);
  }

  function message(
    type: string,
    device: string | null,
    metrics: readonly Metric[],
    now: number,
  ): SparkplugMessage {
    seq = (seq + 1) % 256;
    return {
      topic: topic(type, device ?? undefined),
      payload: encodeSparkplug({ timestamp: now, seq, metrics }),
    };
  }

  function withAlias(device: string | null, m: NamedMetric): NamedMetric {
    const full = `${device ?? ""}\n${m.name}`;
    let alias = aliases.get(full);
    if (alias === undefined) {
      alias = aliases.size + 1;
      aliases.set(full, alias);
      names.set(alias, full);
    }
    return { ...m, alias };
  }
}

function bornWith(metrics: readonly NamedMetric[]): Born {
  return {
    names: new Set(metrics.map((m) => m.name)),
    last: new Map(metrics.map((m) => [m.name, m.value])),
    quality: new Map(metrics.map((m) => [m.name, m.quality])),
  };
}
