import { load } from "sqlite-vec";
import type { Database } from "./database.js";

/** Vectors of one table, looked through by nearest neighbours. */
export interface VectorTable {
  put(id: number, vector: Uint8Array | Int8Array, group?: string): void;
  /** Since version 0.1.7 this also overwrites the vector, so that nothing of it stays in the file. */
  remove(id: number): void;
  /** Of one group only, where the table has groups. */
  nearest(vector: Uint8Array | Int8Array, count: number, group?: string): { id: number; distance: number }[];
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

/**
 * The vector table of this name, made when missing. `bit`: distances are differing bits. `int8`: 1 - cosine, and each vector
 * belongs to a group.
 */
export function createVectorTable(
  db: Database,
  name: string,
  type: "bit" | "int8",
  length: number,
): VectorTable {
  const [more, column] =
    type === "int8" ? [" distance_metric=cosine, model text partition key", ", model"] : ["", ""];
  const wrap = type === "bit" ? "vec_bit(?)" : "vec_int8(?)";
  db.exec(
    `create virtual table if not exists ${name} using vec0(vector ${type}[${length}]${more}, chunk_size=${type === "bit" ? 2048 : 256})`,
  );
  const insert = db.prepare(
    `insert into ${name} (rowid, vector${column}) values (?, ${wrap}${column === "" ? "" : ", ?"})`,
  );
  const remove = db.prepare(`delete from ${name} where rowid = ?`);
  const nearest = db.prepare<unknown[], { id: number; distance: number }>(
    `select rowid as id, distance from ${name} where vector match ${wrap} and k = ?${column === "" ? "" : " and model = ?"}`,
  );
  const count = db.prepare(`select count(*) from ${name}_rowids`).pluck();
  return {
    put(id, vector, group) {
      insert.run(BigInt(id), bytesOf(vector), ...(group === undefined ? [] : [group]));
    },
    remove(id) {
      remove.run(BigInt(id));
    },
    nearest: (vector, count, group) =>
      nearest.all(bytesOf(vector), count, ...(group === undefined ? [] : [group])),
    count: () => count.get() as number,
  };
}

function bytesOf(vector: Uint8Array | Int8Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
