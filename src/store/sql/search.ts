import { APPEARANCE_NUMBERS, type Appearance } from "../../core/appearance.js";
import { PLATE_CODE_BYTES, plateCode, plateVector } from "../../core/plate-vector.js";
import type { PlateReadRecord } from "../../core/records.js";
import type { Database } from "../database.js";
import { createVectorTable, loadVectors } from "../vectors.js";
import { bytesToRows, rowsToBytes } from "./evidence.js";

export interface Search {
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

const CATCH_UP_BATCH = 500;

/** Keeps what the search looks through in step with what is stored; `finder.ts` asks it. */
export function createSearch(db: Database): Search {
  const off = loadVectors(db);
  const readings = off === "" ? createVectorTable(db, "reading_code", "bit", PLATE_CODE_BYTES * 8) : null;
  const vehicles = off === "" ? createVectorTable(db, "vehicle_vector", "int8", APPEARANCE_NUMBERS) : null;
  const insertReading = db.prepare<[string, Buffer], { id: number }>(
    "insert into reading (text, evidence) values (?, ?) on conflict (text) do nothing returning id",
  );
  const putAppearance = db.prepare(
    "insert or replace into appearance (pass_seq, model, vector) values (?, ?, ?)",
  );
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
