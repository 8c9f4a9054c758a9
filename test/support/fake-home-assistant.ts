import { type Listener, listener } from "./mqtt-listener.js";

export interface FakeHomeAssistant {
  listener: Listener;
  /** Entities by `platform.key` that were announced. */
  entities(): Map<string, Record<string, unknown>>;
  /** As Home Assistant works it out: all availability topics of the entity say `online`. */
  isAvailable(entity: string): boolean;
  /** Last message on the entity's state topic. */
  state(entity: string): string | undefined;
  birth(): Promise<void>;
  close(): Promise<void>;
}

/** What Home Assistant does with discovery and availability, and nothing more. It forgets all when it is closed. */
export async function fakeHomeAssistant(url: string, prefix = "homeassistant"): Promise<FakeHomeAssistant> {
  const ear = await listener(url, "#");
  const last = (topic: string) => ear.on(topic).at(-1)?.text;
  const device = () => {
    const text = ear.heard
      .filter((h) => new RegExp(`^${prefix}/device/[^/]+/config$`).test(h.topic))
      .at(-1)?.text;
    return text
      ? (JSON.parse(text) as { availability: Topic[]; cmps: Record<string, Record<string, unknown>> })
      : null;
  };
  const entities = () =>
    new Map(
      Object.entries(device()?.cmps ?? {})
        .filter(([, c]) => Object.keys(c).length > 1)
        .map(([key, c]) => [`${c.p}.${key}`, c]),
    );
  return {
    listener: ear,
    entities,
    isAvailable(entity) {
      const found = entities().get(entity);
      if (found === undefined) return false;
      const topics = (found.availability as Topic[] | undefined) ?? device()?.availability ?? [];
      return topics.length > 0 && topics.every((t) => last(t.topic) === "online");
    },
    state: (entity) => last(String(entities().get(entity)?.state_topic)),
    birth: () => ear.publish(`${prefix}/status`, "online"),
    close: () => ear.close(),
  };
}

interface Topic {
  topic: string;
}
