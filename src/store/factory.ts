import { systemClock } from "../system/clock.js";
import type { Backend } from "./backend.js";
import { openJsonBackend } from "./json/backend.js";
import type { ThreadStart } from "./protocol.js";
import { openSqlBackend } from "./sql/backend.js";

/** The store of the kind that the configuration names. */
export function openBackend(start: ThreadStart): Backend {
  if (start.kind === "json") return openJsonBackend(start);
  return openSqlBackend(start, systemClock);
}
