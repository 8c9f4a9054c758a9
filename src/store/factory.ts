import { systemClock } from "../system/clock.js";
import type { Backend } from "./backend.js";
import type { ThreadStart } from "./protocol.js";
import { openSqlBackend } from "./sql/backend.js";

/** The store of the kind that the configuration names. */
export function openBackend(start: ThreadStart): Backend {
  return openSqlBackend(start, systemClock);
}
