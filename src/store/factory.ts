import { systemClock } from "../system/clock.js";
import type { Backend } from "./backend.js";
import { openJsonBackend } from "./json/backend.js";
import { hideUnknownPlates } from "./privacy.js";
import type { ThreadStart } from "./protocol.js";
import type { Tell } from "./recovery.js";
import { openSqlBackend } from "./sql/backend.js";

/** The store of the kind that the configuration names; `tell` hears what takes so long. */
export function openBackend(start: ThreadStart, tell: Tell): Backend {
  const backend = start.kind === "json" ? openJsonBackend(start) : openSqlBackend(start, systemClock, tell);
  if (start.unknownPlates === "keep") return backend;
  return { ...backend, repositories: hideUnknownPlates(backend.repositories, start.folder) };
}
