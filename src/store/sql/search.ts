import { APPEARANCE_NUMBERS, type Appearance } from "../../core/appearance.js";
import {
  likelihood,
  PLATE_CODE_BYTES,
  plateCode,
  plateVector,
  queryVector,
} from "../../core/plate-vector.js";
import type { PlateReadRecord } from "../../core/records.js";
import { type SearchHit, type SearchRepository, StoreError } from "../../core/repositories.js";
import type { Database } from "../database.js";
import { createVectorTable, loadVectors } from "../vectors.js";
import { bytesToRows, rowsToBytes } from "./evidence.js";
import { type PassRow, passColumns, passOf } from "./pass-row.js";
import type { Sync } from "./sync.js";

export interface Search {
  repository: Sync<SearchRepository>;
  /** A reading was stored. Same transaction. */
  onRead(read: PlateReadRecord): void;
  onAppearance(passSeq: number, appearance: Appearance): void;
  /** These passes are going; called before their rows go. */
  beforeForget(passSeqs: readonly number[]): void;
  /** They are gone. */
  afterForget(): void;
  /** Readings that came without the extension get their vectors, a few at a time; gives how many, 0 when all have one. */
  catchUp(): number;
  /** Empty: the search works; else why it does not. */
  off: string;
}

// Distinct readings that are compared exactly. The search's time grows with it.
const NEIGHBOURS = 32;
const CATCH_UP_BATCH = 500;

/** Soft plate search and likeness: nearest neighbours by sqlite-vec, ordered by what the evidence says exactly. */
export function createSearch(db: Database): Search {
  const off = loadVectors(db);
  const readings = off === "" ? createVectorTable(db, "reading_code", "bit", PLATE_CODE_BYTES * 8) : null;
  const vehicles = off === "" ? createVectorTable(db, "vehicle_vector", "int8", APPEARANCE_NUMBERS) : null;
  const insertReading = db.prepare<[string, Buffer], { id: number }>(
    "insert into reading (text, evidence) values (?, ?) on conflict (text) do nothing returning id",
  );
  const reading = db.prepare<[number], { text: string; evidence: Buffer }>(
    "select text, evidence from reading where id = ?",
  );
  const passesOf = db.prepare<[string, number], PassRow>(`
    select ${passColumns} from pass where seq in (select pass_seq from plate_read where text = ? order by pass_seq desc limit ?) order by seq desc`);
  const putAppearance = db.prepare(
    "insert or replace into appearance (pass_seq, model, vector) values (?, ?, ?)",
  );
  const appearanceOf = db.prepare<[string], { seq: number; model: string; vector: Buffer }>(
    "select pass_seq as seq, model, vector from appearance join pass on pass.seq = pass_seq where pass.id = ?",
  );
  const passBySeq = db.prepare<[number], PassRow>(`select ${passColumns} from pass where seq = ?`);
  const textsOf = db.prepare<[number], { text: string }>(
    "select distinct text from plate_read where pass_seq = ?",
  );
  const unused = db.prepare<[string], { id: number }>(
    "delete from reading where text = ? and not exists (select 1 from plate_read where plate_read.text = reading.text) returning id",
  );
  const going = new Set<string>();
  const missing = readings === null ? null : missingVectors();
  let isBehind =
    readings !== null &&
    readings.count() < (db.prepare("select count(*) from reading").pluck().get() as number);

  return {
    off,
    catchUp,
    repository: { soft, alike },
    onRead(read) {
      if (read.text === "") return;
      const added = insertReading.get(read.text, rowsToBytes(read.evidence));
      if (added !== undefined) readings?.put(added.id, plateCode(plateVector(read.evidence)));
    },
    onAppearance(passSeq, { model, vector }) {
      const bytes = Int8Array.from(vector);
      if (bytes.length !== APPEARANCE_NUMBERS || bytes.every((b) => b === 0)) return;
      putAppearance.run(passSeq, model, Buffer.from(bytes.buffer));
      vehicles?.remove(passSeq);
      vehicles?.put(passSeq, bytes, model);
    },
    beforeForget(passSeqs) {
      for (const seq of passSeqs) {
        for (const { text } of textsOf.all(seq)) going.add(text);
        vehicles?.remove(seq);
      }
    },
    afterForget() {
      for (const text of going) {
        const gone = unused.get(text);
        if (gone !== undefined) readings?.remove(gone.id);
      }
      going.clear();
    },
  };

  function soft(plate: string, limit: number): SearchHit[] {
    if (readings === null) throw new StoreError("refused", off);
    const text = plate.toUpperCase().replace(/[^A-Z0-9?]/g, "");
    if (text.replaceAll("?", "") === "")
      throw new StoreError("refused", "Give at least one character of the plate.");
    const found = readings.nearest(plateCode(queryVector(text)), NEIGHBOURS).flatMap(({ id }) => {
      const row = reading.get(id);
      return row === undefined
        ? []
        : [{ text: row.text, likelihood: likelihood(text, bytesToRows(row.evidence)) }];
    });
    found.sort((a, b) => b.likelihood - a.likelihood);
    const hits: SearchHit[] = [];
    for (const candidate of found) {
      if (hits.length >= limit) break;
      for (const pass of passesOf.all(candidate.text, limit - hits.length))
        hits.push({ pass: passOf(pass), likelihood: candidate.likelihood });
    }
    return hits;
  }

  function alike(passId: string, limit: number): SearchHit[] {
    if (vehicles === null) throw new StoreError("refused", off);
    const own = appearanceOf.get(passId);
    if (own === undefined) return [];
    const near = vehicles.nearest(own.vector, Math.min(limit + 1, 200), own.model);
    return near
      .flatMap(({ id, distance }) => {
        const pass = id === own.seq ? undefined : passBySeq.get(id);
        return pass === undefined ? [] : [{ pass: passOf(pass), likelihood: 1 - distance }];
      })
      .slice(0, limit);
  }

  function missingVectors() {
    return db.prepare<[number], { id: number; evidence: Buffer }>(`
      select id, evidence from reading where not exists (select 1 from reading_code_rowids as v where v.rowid = reading.id) limit ?`);
  }

  function catchUp(): number {
    if (readings === null || missing === null || !isBehind) return 0;
    const rows = missing.all(CATCH_UP_BATCH);
    db.transaction(() => {
      for (const row of rows) readings.put(row.id, plateCode(plateVector(bytesToRows(row.evidence))));
    })();
    isBehind = rows.length === CATCH_UP_BATCH;
    return rows.length;
  }
}
