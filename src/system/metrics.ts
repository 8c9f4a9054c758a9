import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Label values by label name, such as `{ camera: "front" }`. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Numbers of the appliance for `/metrics`. Names are given without the prefix `plategate_`; asking for the same name
 * twice gives the same one. Every queue that drops counts here: `metrics.counter("live_frames_dropped_total", "…").add()`.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): { add(n?: number, labels?: Labels): void };
  /** With `read` the value is asked for when the page is fetched; `set` keeps one. */
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
    read?: () => number,
  ): { set(value: number, labels?: Labels): void };
  /** Buckets in the unit that the name ends with. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly string[],
  ): { observe(value: number, labels?: Labels): void };
  /** The Prometheus text format and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

/** Builds an empty registry; `processMetrics` adds memory, CPU, event loop lag and garbage collection of this process. */
export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const known = new Map<string, unknown>();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry, prefix: "plategate_" });

  return {
    counter: (name, help, labels = []) =>
      once(name, () => {
        const counter = new Counter({ ...common(name, help, labels) });
        return { add: (n = 1, by = {}) => counter.inc(by, n) };
      }),
    gauge: (name, help, labels = [], read) =>
      once(name, () => {
        const collect = read === undefined ? {} : { collect: () => gauge.set(read()) };
        const gauge: Gauge = new Gauge({ ...common(name, help, labels), ...collect });
        return { set: (value, by = {}) => gauge.set(by, value) };
      }),
    histogram: (name, help, buckets, labels = []) =>
      once(name, () => {
        const histogram = new Histogram({ ...common(name, help, labels), buckets: [...buckets] });
        return { observe: (value, by = {}) => histogram.observe(by, value) };
      }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => registry.clear(),
  };

  function once<T>(name: string, create: () => T): T {
    const made = (known.get(name) as T | undefined) ?? create();
    known.set(name, made);
    return made;
  }

  function common(name: string, help: string, labels: readonly string[]) {
    return { name: `plategate_${name}`, help, labelNames: [...labels], registers: [registry] };
  }
}
