import { load } from "sqlite-vec";
import type { Database } from "./database.js";

/** Vectors of one table, looked through by nearest neighbours. */
export interface VectorTable {
  put(id: number, vector: Uint8Array | Float32Array): void;
  /** Since version 0.1.7 this also overwrites the vector, so that nothing of it stays in the file. */
  remove(id: number): void;
  nearest(vector: Uint8Array | Float32Array, count: number): { id: number; distance: number }[];
  count(): number;
}

/** Makes the vector search available; a sentence why not where it cannot be. */
export function loadVectors(db: Database): string {
  try {
    load(db);
    return "";
  } catch (error) {
    return `The search for similar plates and vehicles is off: sqlite-vec cannot be loaded here (${(error as Error).message}).`;
  }
}

/** The vector table of this name, made when missing. Distances: differing bits, or 1 - cosine for `float`. */
export function createVectorTable(
  db: Database,
  name: string,
  type: "bit" | "float",
  length: number,
): VectorTable {
  const metric = type === "float" ? " distance_metric=cosine" : "";
  const wrap = type === "bit" ? "vec_bit(?)" : "?";
  db.exec(
    `create virtual table if not exists ${name} using vec0(vector ${type}[${length}]${metric}, chunk_size=2048)`,
  );
  const insert = db.prepare(`insert into ${name} (rowid, vector) values (?, ${wrap})`);
  const remove = db.prepare(`delete from ${name} where rowid = ?`);
  const nearest = db.prepare<[Buffer, number], { id: number; distance: number }>(
    `select rowid as id, distance from ${name} where vector match ${wrap} and k = ?`,
  );
  const count = db.prepare(`select count(*) from ${name}_rowids`).pluck();
  return {
    put(id, vector) {
      insert.run(BigInt(id), bytesOf(vector));
    },
    remove(id) {
      remove.run(BigInt(id));
    },
    nearest: (vector, count) => nearest.all(bytesOf(vector), count),
    count: () => count.get() as number,
  };
}

function bytesOf(vector: Uint8Array | Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
