/**
 * The only file that knows the `sparkplug-payload` package. Its own `decodePayload` loses the value of a metric that
 * comes without a datatype, which is how Sparkplug 3.0 wants commands to come; so its protobuf classes are used.
 */
import proto from "sparkplug-payload/lib/sparkplugPayloadProto.js";

/** Datatypes of Sparkplug B that we use, with their numbers. */
export const TYPES = {
  Int32: 3,
  Int64: 4,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
  String: 12,
  DateTime: 13,
} as const;
/** Values of the property `Quality`, as the specification gives them; stale is for the host to say. */
const QUALITIES = { bad: 0, good: 192 } as const;
export type SparkplugType = keyof typeof TYPES;
export type SparkplugValue = string | number | boolean | null;

export interface Metric {
  name?: string;
  alias?: number;
  type: SparkplugType;
  /** null is sent as `is_null`. */
  value: SparkplugValue;
  /** Wall ms; left out: that of the payload. */
  timestamp?: number;
  historical?: boolean;
  /** Engineering unit, such as `°C`; only in births. */
  unit?: string;
  /** Whether the value can be relied on; left out: nothing is said of it. */
  quality?: keyof typeof QUALITIES;
}

export interface SparkplugPayload {
  timestamp: number;
  /** Left out in NDEATH only. */
  seq?: number;
  metrics: readonly Metric[];
}

export interface DecodedMetric {
  name: string | null;
  alias: number | null;
  datatype: number | null;
  value: SparkplugValue | undefined;
  /** Which field of the message carried the value, such as `booleanValue`; null: none or `is_null`. */
  field: string | null;
  timestamp: number | null;
  historical: boolean;
}

export interface DecodedPayload {
  timestamp: number | null;
  seq: number | null;
  metrics: readonly DecodedMetric[];
}

const { Payload } = proto.org.eclipse.tahu.protobuf;

export function encodeSparkplug(payload: SparkplugPayload): Uint8Array {
  return Payload.encode(
    Payload.create({
      timestamp: payload.timestamp,
      ...(payload.seq === undefined ? {} : { seq: payload.seq }),
      metrics: payload.metrics.map((m) => metricOf(m, payload.timestamp)),
    }),
  ).finish();
}

/** Null for bytes that are no Sparkplug payload. */
export function decodeSparkplug(bytes: Uint8Array): DecodedPayload | null {
  try {
    const payload = Payload.decode(bytes);
    return {
      timestamp: own(payload, "timestamp") ? Number(payload.timestamp) : null,
      seq: own(payload, "seq") ? Number(payload.seq) : null,
      metrics: (payload.metrics ?? []).map(decodedMetric),
    };
  } catch {
    return null;
  }
}

function metricOf(m: Metric, sentAt: number) {
  return {
    ...(m.name === undefined ? {} : { name: m.name }),
    ...(m.alias === undefined ? {} : { alias: m.alias }),
    timestamp: m.timestamp ?? sentAt,
    // Data messages need none, but receivers built on this package read nothing without it.
    datatype: TYPES[m.type],
    ...(m.historical ? { isHistorical: true } : {}),
    ...(m.value === null ? { isNull: true } : { [fieldOf(m.type)]: m.value }),
    ...propertiesOf(m),
  };
}

function propertiesOf({ unit, quality }: Metric) {
  const all = [
    ...(unit === undefined ? [] : [["engUnit", { type: TYPES.String, stringValue: unit }] as const]),
    ...(quality === undefined
      ? []
      : [["Quality", { type: TYPES.Int32, intValue: QUALITIES[quality] }] as const]),
  ];
  if (all.length === 0) return {};
  return { properties: { keys: all.map(([key]) => key), values: all.map(([, value]) => value) } };
}

function fieldOf(type: SparkplugType): string {
  switch (type) {
    case "Int32":
      return "intValue";
    case "Float":
      return "floatValue";
    case "Double":
      return "doubleValue";
    case "Boolean":
      return "booleanValue";
    case "String":
      return "stringValue";
    default:
      return "longValue";
  }
}

type ProtoMetric = InstanceType<typeof Payload.Metric>;

function decodedMetric(raw: unknown): DecodedMetric {
  const metric = raw as ProtoMetric;
  const field = metric.value ?? null;
  const value = field === null ? undefined : (metric[field] as unknown);
  return {
    name: own(metric, "name") ? (metric.name ?? null) : null,
    alias: own(metric, "alias") ? Number(metric.alias) : null,
    datatype: own(metric, "datatype") ? Number(metric.datatype) : null,
    field: metric.isNull ? null : field,
    value: metric.isNull ? null : plain(value),
    timestamp: own(metric, "timestamp") ? Number(metric.timestamp) : null,
    historical: metric.isHistorical === true,
  };
}

/** 64-bit numbers come as objects. */
function plain(value: unknown): SparkplugValue | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (value !== null && typeof value === "object" && "low" in value) return Number(value);
  return undefined;
}

/** Fields that were not in the message stand in the prototype with a default. */
function own(message: object, field: string): boolean {
  return Object.hasOwn(message, field);
}
