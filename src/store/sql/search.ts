import type { PassEntry, SearchRepository } from "../../core/repositories.js";
import { StoreError } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

/** Soft plate search and likeness. */
export function createSearch(_db: Database): {
  repository: Sync<SearchRepository>;
  onVectors(passSeq: number, entry: PassEntry): void;
  onForget(passSeqs: readonly number[]): void;
  off: string;
} {
  const off = "The soft search is not there yet.";
  return {
    repository: {
      soft() {
        throw new StoreError("refused", off);
      },
      alike() {
        throw new StoreError("refused", off);
      },
    },
    onVectors() {},
    onForget() {},
    off,
  };
}
