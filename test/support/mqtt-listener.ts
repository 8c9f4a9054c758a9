import { connect, type IClientOptions, type MqttClient } from "mqtt";

export interface Heard {
  topic: string;
  payload: Buffer;
  text: string;
  retain: boolean;
  qos: number;
}

export interface Listener {
  heard: Heard[];
  client: MqttClient;
  on(topic: string): Heard[];
  json(topic: string): Record<string, unknown>[];
  publish(
    topic: string,
    payload: string | Buffer,
    options?: { qos?: 0 | 1; retain?: boolean },
  ): Promise<void>;
  close(): Promise<void>;
}

/** A subscriber that keeps everything it hears. With `more.clean: false` it keeps its session over broker restarts. */
export async function listener(
  url: string,
  topics: string | string[] = "#",
  more: IClientOptions = {},
): Promise<Listener> {
  const client = connect(url, { protocolVersion: 5, reconnectPeriod: 50, connectTimeout: 2000, ...more });
  const heard: Heard[] = [];
  client.on("error", () => {});
  client.on("message", (topic, payload, packet) =>
    heard.push({ topic, payload, text: payload.toString(), retain: packet.retain, qos: packet.qos }),
  );
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  await client.subscribeAsync(topics, { qos: 1 });
  return {
    heard,
    client,
    on: (topic) => heard.filter((h) => h.topic === topic),
    json: (topic) => heard.filter((h) => h.topic === topic).map((h) => JSON.parse(h.text)),
    publish: async (topic, payload, options = {}) => {
      await client.publishAsync(topic, payload, { qos: 1, ...options });
    },
    close: () => client.endAsync(true),
  };
}
