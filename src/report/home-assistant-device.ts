import { type Component, type Entities, haEntities, slug } from "./home-assistant-entities.js";
import type { Identity } from "./ports.js";
import type { Topics } from "./topics.js";

export interface HaOptions extends Entities {
  prefix: string;
  /** Instead of the machine's serial, for several gates on one machine; empty or left out: the serial. */
  deviceId?: string;
  /** Parts that were announced earlier and are not among those of now, name to platform; left out: none. */
  gone?: (now: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
}

/** What the device is called in ids: the machine's serial, which survives a new installation. */
function deviceIdOf(identity: Identity, { deviceId }: Pick<HaOptions, "deviceId">): string {
  return `plategate_${slug(deviceId || identity.serial)}`;
}

export function haDeviceTopic(identity: Identity, options: Pick<HaOptions, "prefix" | "deviceId">): string {
  return `${options.prefix}/device/${deviceIdOf(identity, options)}/config`;
}

/**
 * The one retained message that makes this gate a device in Home Assistant, with all its entities. Ids are made of
 * the machine's serial only: a new name, address or broker keeps the entities that people have built on.
 */
export function haDevice(
  identity: Identity,
  topics: Topics,
  options: HaOptions,
): { topic: string; payload: string; parts: Readonly<Record<string, string>> } {
  const id = deviceIdOf(identity, options);
  const all = haEntities(topics, options, identity.latestVersion !== undefined);
  const parts = Object.fromEntries(
    Object.entries(all)
      .filter(([, c]) => !isRemoval(c))
      .map(([key, c]) => [key, c.p]),
  );
  const gone = Object.entries(options.gone?.(parts) ?? {}).map(([key, p]): [string, Component] => [
    key,
    { p },
  ]);
  const url = identity.pageUrl;
  const payload = {
    dev: {
      identifiers: [id],
      name: `Gate ${identity.gate}`,
      manufacturer: "Plategate",
      model: identity.model ?? "Gate appliance",
      serial_number: identity.serial,
      sw_version: identity.version,
      hw_version: identity.model ?? "unknown board",
      ...(url === undefined ? {} : { configuration_url: url }),
    },
    o: {
      name: "plategate",
      sw_version: identity.version,
      ...(url === undefined ? {} : { support_url: url }),
    },
    availability: [{ topic: topics.availability }],
    qos: 1,
    cmps: Object.fromEntries(
      [...gone, ...Object.entries(all)].map(([key, c]) => [
        key,
        isRemoval(c)
          ? c
          : {
              ...c,
              unique_id: `${id}_${key}`,
              default_entity_id: `${c.p}.${slug(identity.site)}_${slug(identity.gate)}_${key}`,
            },
      ]),
    ),
  };
  return { topic: haDeviceTopic(identity, options), payload: JSON.stringify(payload), parts };
}

/** Only `p`: Home Assistant removes a component that was there before. */
function isRemoval(component: Component): boolean {
  return Object.keys(component).length === 1;
}
