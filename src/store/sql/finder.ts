import { APPEARANCE_NUMBERS } from "../../core/appearance.js";
import { likelihood, PLATE_CODE_BYTES, plateCode, queryVector } from "../../core/plate-vector.js";
import { type SearchHit, type SearchRepository, StoreError } from "../../core/repositories.js";
import type { Database } from "../database.js";
import { createVectorTable, loadVectors } from "../vectors.js";
import { bytesToRows } from "./evidence.js";
import { type PassRow, passColumns, passOf } from "./pass-row.js";
import type { Sync } from "./sync.js";

// Distinct readings that are compared exactly. The search's time grows with it.
const NEIGHBOURS = 32;

/**
 * Soft plate search and likeness: nearest neighbours by sqlite-vec, ordered by what the evidence says exactly. Only asks, so
 * that a connection of its own can do it beside the writer.
 */
export function createFinder(db: Database): Sync<SearchRepository> {
  const off = loadVectors(db);
  const readings = off === "" ? createVectorTable(db, "reading_code", "bit", PLATE_CODE_BYTES * 8) : null;
  const vehicles = off === "" ? createVectorTable(db, "vehicle_vector", "int8", APPEARANCE_NUMBERS) : null;
  const reading = db.prepare<[number], { text: string; evidence: Buffer }>(
    "select text, evidence from reading where id = ?",
  );
  const passesOf = db.prepare<[string, number], PassRow>(`
    select ${passColumns} from pass where seq in (select pass_seq from plate_read where text = ? order by pass_seq desc limit ?) order by seq desc`);
  const appearanceOf = db.prepare<[string], { seq: number; model: string; vector: Buffer }>(
    "select pass_seq as seq, model, vector from appearance join pass on pass.seq = pass_seq where pass.id = ?",
  );
  const passBySeq = db.prepare<[number], PassRow>(`select ${passColumns} from pass where seq = ?`);
  return { soft, alike };

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
}
