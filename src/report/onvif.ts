import type { OutboxEvent } from "../core/records.js";
import { messageOf } from "./messages.js";
import type { Companion } from "./mqtt-sink.js";
import type { Identity } from "./ports.js";
import type { PlateCover } from "./privacy.js";
import type { PassMessage } from "./shapes.js";

/** Name of our recognition in the event's source. */
const RULE = "Plategate";

/**
 * Plate events as ONVIF Profile M devices send them over MQTT: topic `tns1:RuleEngine/Recognition/LicensePlate`
 * without its namespace, JSON with `UtcTime`, `Source` and `Data`.
 */
export function createOnvif(deps: { identity: Identity; prefix: string; plates: PlateCover }): Companion {
  return {
    start: () => {},
    subscriptions: [],
    commandTopics: [],
    retained: [],
    message: () => false,
    up: async () => {},
    also(event: OutboxEvent) {
      if (event.kind !== "pass") return [];
      // Again from the row: this receiver may see plates in another way than the plain topics.
      const message = messageOf(event, deps.identity, deps.plates);
      if ("problem" in message || message.event !== "pass") return [];
      return [onvifEvent(message, deps.prefix)];
    },
    close: () => {},
  };
}

/**
 * One event. A vehicle that has gone is `Deleted`: receivers must not take that for another read, so it carries
 * no plate, only the object that it was.
 */
export function onvifEvent(message: PassMessage, prefix: string): { topic: string; payload: string } {
  const { pass, phase } = message;
  const payload = {
    UtcTime: message.at,
    PropertyOperation: { NEW: "Initialized", UPDATE: "Changed", END: "Deleted" }[phase],
    Source: { VideoSource: pass.camera, Rule: RULE },
    Key: { ObjectId: pass.id },
    Data:
      phase === "END"
        ? { Lifecycle: "Lost" }
        : {
            Lifecycle: phase === "NEW" ? "New" : "Update",
            Likelihood: pass.probability,
            LicensePlateInfo: { PlateNumber: { "@Likelihood": pass.probability, "#text": pass.plate } },
            Direction: pass.direction,
          },
  };
  return {
    topic: `${prefix}/onvif-ej/RuleEngine/Recognition/LicensePlate/&${pass.camera}/${RULE}`,
    payload: JSON.stringify(payload),
  };
}
