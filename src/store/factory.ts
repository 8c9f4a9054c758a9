import { mkdirSync } from "node:fs";
import type { Backend } from "./backend.js";
import type { ThreadStart } from "./protocol.js";
import { openSqlBackend } from "./sql/backend.js";

/** The store of the kind that the configuration names. */
export function openBackend(start: ThreadStart): Backend {
  mkdirSync(start.folder, { recursive: true });
  return openSqlBackend(start.folder, start.wallMs);
}
