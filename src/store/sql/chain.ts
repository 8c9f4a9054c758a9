import { createHash, randomBytes } from "node:crypto";
import type { Database } from "../database.js";

export type ChainKind = "decision" | "audit";

const GENESIS = Buffer.alloc(32);

/** Appends to the hash chain; gives the link's number for the row that it proves. */
export function createChain(db: Database): { append(kind: ChainKind, content: object): number } {
  const last = db.prepare<[], { seq: number; hash: Buffer }>(
    "select seq, hash from chain order by seq desc limit 1",
  );
  const insert = db.prepare(
    "insert into chain (seq, kind, salt, content, content_hash, hash) values (?, ?, ?, ?, ?, ?)",
  );
  return {
    append(kind, content) {
      const previous = last.get() ?? { seq: 0, hash: GENESIS };
      const salt = randomBytes(16);
      const text = JSON.stringify(content);
      const contentHash = hashContent(salt, text);
      insert.run(previous.seq + 1, kind, salt, text, contentHash, hashLink(previous.hash, kind, contentHash));
      return previous.seq + 1;
    },
  };
}

/** sha256(salt || content). */
export function hashContent(salt: Uint8Array, content: string): Buffer {
  return createHash("sha256").update(salt).update(content).digest();
}

/** sha256(hash of the link before || kind || content hash). */
export function hashLink(previous: Uint8Array, kind: string, contentHash: Uint8Array): Buffer {
  return createHash("sha256").update(previous).update(kind).update(contentHash).digest();
}
