import type { DecisionRecord, PlateReadRecord } from "../../core/records.js";
import type { PassFilter, PassRepository } from "../../core/repositories.js";
import type { Database, Statement } from "../database.js";
import type { createChain } from "./chain.js";
import { bytesToRows, bytesToUnit, numbersOf, rowsToBytes, unitToBytes } from "./evidence.js";
import type { createOutboxTable } from "./outbox.js";
import { type PassRow, passColumns, passOf, rowOf } from "./pass-row.js";
import type { Search } from "./search.js";
import type { Sync } from "./sync.js";

export interface PassTableParts {
  chain: ReturnType<typeof createChain>;
  outbox: ReturnType<typeof createOutboxTable>;
  /** What the search needs, inside the same transaction. */
  search: Pick<Search, "onRead" | "onAppearance">;
}

/** Passes with their decisions, readings and pictures. */
export function createPassTable(db: Database, parts: PassTableParts): Sync<PassRepository> {
  const upsert = db.prepare<[PassRow], { seq: number }>(`
    insert into pass (id, site, gate, camera, track_id, started_at, ended_at, plate, probability, direction, frames, verdict, reason, sentence, clip_id,
      looks_compared, looks_likeness, looks_odd, let_through)
    values (@id, @site, @gate, @camera, @trackId, @startedAt, @endedAt, @plate, @probability, @direction, @frames, @verdict, @reason, @sentence, @clipId,
      @looksCompared, @looksLikeness, @looksOdd, @letThrough)
    on conflict (id) do update set
      ended_at = excluded.ended_at, plate = excluded.plate, probability = excluded.probability, direction = excluded.direction,
      frames = excluded.frames, verdict = excluded.verdict, reason = excluded.reason, sentence = excluded.sentence,
      clip_id = coalesce(excluded.clip_id, clip_id), looks_compared = excluded.looks_compared,
      looks_likeness = excluded.looks_likeness, looks_odd = excluded.looks_odd,
      let_through = excluded.let_through
    returning seq`);
  const insertDecision = db.prepare(`
    insert into decision (id, pass_id, at, verdict, reason, sentence, rule_id, plate, probability, evidence, chain_seq)
    values (@id, @passId, @at, @verdict, @reason, @sentence, @ruleId, @plate, @probability, @evidence, @chainSeq)`);
  const decisionExists = db.prepare<[string], { one: 1 }>("select 1 as one from decision where id = ?");
  const insertRead = db.prepare(
    "insert into plate_read (pass_seq, at, text, probability, chars, evidence) values (?, ?, ?, ?, ?, ?)",
  );
  const readExists = db.prepare<[number, number], { one: 1 }>(
    "select 1 as one from plate_read where pass_seq = ? and at = ?",
  );
  const putPicture = db.prepare(
    "insert or replace into picture (pass_seq, kind, jpeg, enhanced) values (?, ?, ?, ?)",
  );
  const putTrack = db.prepare(`
    insert into track (id, pass_seq, camera, first_at, last_at, frames) values (?, ?, ?, ?, ?, ?)
    on conflict (id) do update set last_at = max(last_at, excluded.last_at), frames = max(frames, excluded.frames)`);
  const insertDetection = db.prepare(
    "insert or ignore into detection (track_id, at, box, quad, confidence) values (?, ?, ?, ?, ?)",
  );
  const looksOf = db.prepare<[number], { passId: string; plate: string; model: string; vector: Buffer }>(`
    select id as passId, plate, model, vector from appearance join pass on pass.seq = pass_seq
    where verdict = 'granted' order by pass_seq desc limit ?`);
  const byId = db.prepare<[string], PassRow>(`select ${passColumns} from pass where id = ?`);
  const decisionsOf = db.prepare<[string], DecisionRecord>(`
    select id, pass_id as passId, at, verdict, reason, sentence, rule_id as ruleId, plate, probability, evidence
    from decision where pass_id = ? order by seq`);
  const readsOf = db.prepare<
    [string],
    { at: number; text: string; probability: number; chars: Buffer; evidence: Buffer }
  >(`
    select at, text, r.probability, chars, evidence from plate_read r join pass p on p.seq = r.pass_seq where p.id = ? order by r.seq`);
  const pictureOf = db.prepare<[string, string], { jpeg: Buffer }>(
    "select jpeg from picture join pass on pass.seq = pass_seq where pass.id = ? and kind = ?",
  );
  const enhancedOf = db.prepare<[string], { enhanced: Buffer | null }>(
    "select enhanced from picture join pass on pass.seq = pass_seq where pass.id = ? and kind = 'crop'",
  );
  const lists = new Map<string, Statement>();

  return {
    save(entry) {
      const { seq } = upsert.get(rowOf(entry.pass))!;
      if (entry.decision !== undefined && decisionExists.get(entry.decision.id) === undefined) {
        insertDecision.run({ ...entry.decision, chainSeq: parts.chain.append("decision", entry.decision) });
      }
      if (entry.read !== undefined && readExists.get(seq, entry.read.at) === undefined)
        addRead(seq, entry.read);
      for (const picture of entry.pictures ?? [])
        putPicture.run(seq, picture.kind, picture.jpeg, picture.enhanced ?? null);
      for (const t of entry.tracks ?? []) putTrack.run(t.id, seq, t.camera, t.firstAt, t.lastAt, t.frames);
      for (const d of entry.detections ?? []) {
        insertDetection.run(d.trackId, d.at, JSON.stringify(d.box), JSON.stringify(d.quad), d.confidence);
      }
      if (entry.appearance !== undefined) parts.search.onAppearance(seq, entry.appearance);
      parts.outbox.add(entry.events);
    },
    find(id) {
      const row = byId.get(id);
      return row === undefined ? null : passOf(row);
    },
    list(filter) {
      const limit = Math.min(Math.max(filter.limit ?? 50, 1), 1000);
      const rows = listing(filter).all({ ...bound(filter), limit: limit + 1 }) as (PassRow & {
        seq: number;
      })[];
      const items = rows.slice(0, limit);
      const next = rows.length > limit ? String(items.at(-1)!.seq) : null;
      return { items: items.map(({ seq: _, ...pass }) => passOf(pass)), next };
    },
    decisions: (passId) => decisionsOf.all(passId),
    reads: (passId) =>
      readsOf.all(passId).map((r) => ({
        passId,
        at: r.at,
        text: r.text,
        probability: r.probability,
        chars: bytesToUnit(r.chars),
        evidence: bytesToRows(r.evidence),
      })),
    picture: (passId, kind) =>
      kind === "enhanced"
        ? (enhancedOf.get(passId)?.enhanced ?? null)
        : (pictureOf.get(passId, kind)?.jpeg ?? null),
    looks: (limit) =>
      looksOf
        .all(limit)
        .reverse()
        .map(({ passId, plate, model, vector }) => ({
          passId,
          plate,
          appearance: { model, vector: numbersOf(vector) },
        })),
  };

  function addRead(seq: number, read: PlateReadRecord): void {
    insertRead.run(
      seq,
      read.at,
      read.text,
      read.probability,
      unitToBytes(read.chars),
      rowsToBytes(read.evidence),
    );
    parts.search.onRead(read);
  }

  /** The statement for the filters in use, prepared once for each combination. */
  function listing(filter: PassFilter): Statement {
    const where = [
      ...(filter.plate ? [/[?*]/.test(filter.plate) ? "plate glob @plate" : "plate = @plate"] : []),
      ...(filter.from !== undefined ? ["started_at >= @from"] : []),
      ...(filter.to !== undefined ? ["started_at <= @to"] : []),
      ...(filter.verdict ? ["verdict = @verdict"] : []),
      ...(filter.before ? ["seq < @before"] : []),
    ];
    const key = where.join(" and ");
    const sql = `select seq, ${passColumns} from pass ${key ? `where ${key}` : ""} order by seq desc limit @limit`;
    const statement = lists.get(key) ?? db.prepare(sql);
    lists.set(key, statement);
    return statement;
  }
}

function bound(filter: PassFilter): Record<string, unknown> {
  // A bracket would be a character class to `glob`; plates have none.
  const plate = filter.plate?.toUpperCase().replace(/[^A-Z0-9?*#]/g, "");
  return { ...filter, plate, before: filter.before ? Number(filter.before) : undefined };
}
