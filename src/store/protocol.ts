import type { AllRepositories, StoreErrorCode } from "../core/repositories.js";
import type { BackendFigures } from "./backend.js";
import type { Upkeep } from "./upkeep.js";

/** What the thread can be asked: the repositories, and what the store does for itself. */
export interface Served extends AllRepositories {
  upkeep: Upkeep;
}

export type RepositoryName = keyof Served;

/** What the store thread is started with. */
export interface ThreadStart {
  kind: "sql" | "json";
  folder: string;
  unknownPlates: "keep" | "hash";
  /** False: another process runs the appliance on this store. */
  isOwner: boolean;
}

/** One call of one repository. */
export interface Call {
  id: number;
  repository: RepositoryName;
  method: string;
  args: readonly unknown[];
}

export type ToThread = Call | { close: true };

export interface Answer {
  id: number;
  value?: unknown;
  error?: { code: StoreErrorCode; message: string };
}

/** Why the store could not be opened; `isFull`: for want of room on the card. */
export interface Failure {
  message: string;
  isFull: boolean;
}

export type FromThread =
  /** Opening takes long: what is being done, in one sentence. */
  | { type: "opening"; sentence: string }
  | { type: "ready"; figures: BackendFigures }
  /** Answers of one group, sent after its commit. */
  | { type: "answers"; answers: readonly Answer[]; figures: BackendFigures }
  /** Another process changed the data. */
  | { type: "foreign-change" }
  | { type: "maintained"; what: string; ms: number }
  | { type: "closed" }
  | ({ type: "failed" } & Failure);

const questions = new Set(
  "find list all get since pending count lastSeq decisions reads picture overlapping oldest garbage totalBytes wanted people vehicles findVehicle looks soft alike details chainHead".split(
    " ",
  ),
);

/** Whether this method only asks, so that it can be answered while the disk is full. */
export function isQuestion(method: string): boolean {
  return questions.has(method);
}
