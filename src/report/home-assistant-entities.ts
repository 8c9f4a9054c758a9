import type { Topics } from "./topics.js";

/** What there is to be shown. */
export interface Entities {
  /** Whether entities that move the barrier are announced. */
  commands: boolean;
  /** Whether the crop is published; without it the image entity is taken back. */
  pictures: boolean;
  /** Names of the wired inputs. */
  inputs: readonly string[];
  /** Camera parts of the health, such as `eye:front`. */
  cameras: readonly string[];
}

export type Component = Record<string, unknown> & { p: string };

/** How long a hold lasts that Home Assistant's switch asks for. */
const HOLD_MS = 3_600_000;
/** Figures that are older than this are shown as unknown; they come every five minutes at least. */
const EXPIRE_SECONDS = 900;

/**
 * Every entity of the gate, under the name that its ids are made of. `update`: a newer version can be known. One that
 * has nothing but `p` is not there (any more).
 */
export function haEntities(topics: Topics, options: Entities, update: boolean): Record<string, Component> {
  const barrier = topics.state("barrier");
  const health = topics.state("health");
  const storage = topics.state("storage");
  const lastPass = topics.state("last-pass");
  const withCamera = {
    availability: [{ topic: topics.availability }, { topic: topics.cameras }],
    availability_mode: "all",
  };
  const telemetry = {
    entity_category: "diagnostic",
    state_class: "measurement",
    expire_after: EXPIRE_SECONDS,
  };
  const command = (json: string) =>
    `{"command":${json},"by":"home-assistant","issuedAt":{{ (now().timestamp() * 1000) | int }},` +
    `"nonce":"ha-{{ (now().timestamp() * 1000) | int }}-{{ range(100000) | random }}"}`;

  return {
    plate: {
      p: "event",
      name: "Plate",
      icon: "mdi:car-search",
      event_types: ["read", "opened", "refused", "ask"],
      state_topic: topics.haEvent,
      ...withCamera,
    },
    picture: options.pictures
      ? {
          p: "image",
          name: "Plate picture",
          image_topic: topics.crop,
          content_type: "image/jpeg",
          ...withCamera,
        }
      : { p: "image" },
    barrier: {
      p: "cover",
      name: "Barrier",
      device_class: "gate",
      state_topic: barrier,
      value_template:
        "{{ {'closed':'closed','open':'open','held-open':'open','opening':'opening','closing':'closing'," +
        "'stopped':'stopped'}.get(value_json.state, 'None') }}",
      optimistic: false,
      json_attributes_topic: barrier,
      ...(options.commands
        ? {
            command_topic: topics.haSet,
            payload_open: "OPEN",
            payload_close: "CLOSE",
            payload_stop: null,
            retain: false,
            // Home Assistant sends a word at QoS 1 again when its line is back, an hour late perhaps: a bare word has no age.
            qos: 0,
          }
        : {}),
    },
    hold: options.commands
      ? {
          p: "switch",
          name: "Hold open",
          icon: "mdi:boom-gate-arrow-up",
          state_topic: barrier,
          value_template: "{{ 'ON' if value_json.state == 'held-open' else 'OFF' }}",
          command_topic: topics.haSet,
          command_template: `{% if value == 'ON' %}${command(`"hold","holdMs":${HOLD_MS}`)}{% else %}${command('"release"')}{% endif %}`,
          optimistic: false,
          retain: false,
        }
      : { p: "switch" },
    open: options.commands
      ? {
          p: "button",
          name: "Open",
          icon: "mdi:boom-gate-up",
          command_topic: topics.haSet,
          command_template: command('"open"'),
          retain: false,
        }
      : { p: "button" },
    // The gate gives it only after a confirmation on the spot.
    test_pulse: options.commands
      ? {
          p: "button",
          name: "Test pulse",
          command_topic: topics.haSet,
          command_template: command('"test-pulse"'),
          retain: false,
          entity_category: "diagnostic",
          enabled_by_default: false,
        }
      : { p: "button" },
    answer: options.commands
      ? {
          p: "sensor",
          name: "Last answer",
          icon: "mdi:message-reply-text",
          state_topic: topics.resultBarrier,
          value_template: "{{ value_json.sentence }}",
          json_attributes_topic: topics.resultBarrier,
          entity_category: "diagnostic",
        }
      : { p: "sensor" },
    problem: binary("Problem", health, "value_json.state in ['bad','warning']", {
      device_class: "problem",
      entity_category: "diagnostic",
    }),
    fault: binary("Barrier fault", barrier, "value_json.state == 'fault'", { device_class: "problem" }),
    // The barrier left its closed contact and nobody here asked for it.
    tamper: binary("Tamper", barrier, alarm("forced-open"), { device_class: "tamper" }),
    open_too_long: binary("Open too long", barrier, alarm("held-open"), { device_class: "problem" }),
    held: binary("Held open", barrier, "value_json.state == 'held-open'", {}),
    ...Object.fromEntries(
      options.cameras.map((part) => [
        slug(part),
        binary(
          `Camera ${part.split(":")[1] ?? ""}`.trim(),
          health,
          `(value_json.parts.get('${part}') or {}).get('state') in ['good','warning']`,
          {
            device_class: "connectivity",
            entity_category: "diagnostic",
          },
        ),
      ]),
    ),
    ...Object.fromEntries(
      options.inputs.map((name) => [
        `input_${slug(name)}`,
        binary(`Input ${name}`, topics.state("inputs"), `value_json.inputs.get('${name}')`, inputClass(name)),
      ]),
    ),
    last_plate: {
      p: "sensor",
      name: "Last plate",
      icon: "mdi:car-back",
      state_topic: lastPass,
      value_template: "{{ value_json.pass.plate }}",
      json_attributes_topic: lastPass,
      json_attributes_template: "{{ value_json.pass | tojson }}",
    },
    temperature: {
      p: "sensor",
      name: "Temperature",
      device_class: "temperature",
      unit_of_measurement: "°C",
      suggested_display_precision: 0,
      state_topic: health,
      value_template: "{{ value_json.temperatureC }}",
      ...telemetry,
    },
    disk_free: {
      p: "sensor",
      name: "Disk free",
      device_class: "data_size",
      unit_of_measurement: "GB",
      suggested_display_precision: 1,
      state_topic: storage,
      value_template: "{{ (value_json.freeBytes / 1000000000) | round(2) }}",
      ...telemetry,
    },
    read_rate: {
      p: "sensor",
      name: "Read rate",
      icon: "mdi:percent",
      unit_of_measurement: "%",
      suggested_display_precision: 0,
      state_topic: health,
      value_template:
        "{{ (value_json.readRate * 100) | round if value_json.readRate is not none else None }}",
      ...telemetry,
    },
    pictures_per_second: {
      p: "sensor",
      name: "Pictures per second",
      icon: "mdi:speedometer",
      unit_of_measurement: "Hz",
      device_class: "frequency",
      state_topic: health,
      value_template: "{{ value_json.fps.values() | sum }}",
      enabled_by_default: false,
      ...telemetry,
    },
    update: !update
      ? { p: "update" }
      : {
          p: "update",
          name: "Software",
          device_class: "firmware",
          entity_category: "diagnostic",
          state_topic: health,
          value_template:
            "{{ {'installed_version': value_json.version, 'latest_version': value_json.latestVersion} | tojson }}",
        },
  };
}

/** Whether the barrier's state has this alarm. */
function alarm(code: string): string {
  return `value_json.alarms | selectattr('code', 'eq', '${code}') | list | count > 0`;
}

function binary(name: string, topic: string, test: string, more: Record<string, unknown>): Component {
  return {
    p: "binary_sensor",
    name,
    state_topic: topic,
    value_template: `{{ 'ON' if ${test} else 'OFF' }}`,
    ...more,
  };
}

function inputClass(name: string): Record<string, unknown> {
  if (name === "loop") return { device_class: "occupancy" };
  if (name === "beam" || name === "fire" || name === "stop") return { device_class: "safety" };
  return { entity_category: "diagnostic" };
}

/** Only what Home Assistant takes in identifiers: a-z, 0-9 and _. */
export function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "_");
}
