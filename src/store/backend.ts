import type { Served } from "./protocol.js";
import type { SyncAll } from "./sql/sync.js";

/** One kind of store as the thread drives it: calls are grouped into one durable transaction. */
export interface Backend {
  repositories: SyncAll<Served>;
  /** Opens a transaction for a group of calls. */
  begin(): void;
  /** Runs one call of the group; when it throws, what it changed is undone and the group goes on. */
  attempt<T>(call: () => T): T;
  /** Makes the group durable; throws when it could not. */
  commit(): void;
  rollback(): void;
  /** Work that may take a while, done when nothing waits; gives what it did, for the log. */
  maintain(): string | null;
  /** True when the log has grown so far that maintenance should not wait for a pause. */
  isMaintenanceDue(): boolean;
  /** The disk is full: gives up what is kept for this moment, so that the next group can be written. May throw. */
  relieve(): void;
  /** The data cannot be trusted any more: the next start has to look. */
  damaged(): void;
  /** A file that has to be checked in the background; null: none. */
  checkFile: string | null;
  /** Whether another process changed the data since the last question. */
  changedByOthers(): boolean;
  figures(): BackendFigures;
  close(): void;
}

export interface BackendFigures {
  fileBytes: number;
  logBytes: number;
  /** Bytes written to the card since the start, as far as the backend can tell. */
  writtenBytes: number;
  /** Empty: the soft search works; else one sentence why it does not. */
  searchOff: string;
  /** What the start found and did about it; empty when all was well. */
  notice: string;
}
