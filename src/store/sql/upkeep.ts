import { statSync } from "node:fs";
import { clipPath, type TrackRecord } from "../../core/records.js";
import type { Database } from "../database.js";
import { mentionsOf } from "../mentions.js";
import type { EraseReport, Upkeep } from "../upkeep.js";
import { numbersOf } from "./evidence.js";
import type { Search } from "./search.js";
import type { Sync } from "./sync.js";

// Small enough that a group of waiting calls is not held up.
const BATCH = 200;

/** Told of passes that go, so that their vectors go with them. */
export type UpkeepParts = Pick<Search, "beforeForget" | "afterForget">;

/** Retention and erasure. */
export function createUpkeep(db: Database, parts: UpkeepParts): Sync<Upkeep> {
  let mentioned = { name: "", by: mentionsOf("") };
  db.function("mentions", { deterministic: true }, (text: unknown, name: unknown) => {
    if (name !== mentioned.name) mentioned = { name: String(name), by: mentionsOf(String(name)) };
    return mentioned.by(text) ? 1 : 0;
  });
  const oldPasses = db.prepare<[number, number], { seq: number; id: string }>(`
    select seq, id from pass where started_at < ?
      and not exists (select 1 from clip where clip.pass_id = pass.id and clip.pinned = 1)
    order by started_at limit ?`);
  const dropPass = db.prepare("delete from pass where seq = ?");
  const oldPictures = db.prepare(`
    delete from picture where rowid in (
      select picture.rowid from picture join pass on pass.seq = pass_seq where started_at < ?
        and not exists (select 1 from clip where clip.pass_id = pass.id and clip.pinned = 1) limit ?)`);
  const oldDecisions = db.prepare<[number, number], { seq: number; chainSeq: number }>(
    "select seq, chain_seq as chainSeq from decision where at < ? order by seq limit ?",
  );
  const dropDecision = db.prepare("delete from decision where seq = ?");
  const oldAudit = db.prepare<[number, number], { seq: number; chainSeq: number }>(
    "select seq, chain_seq as chainSeq from audit where at < ? order by seq limit ?",
  );
  const dropAudit = db.prepare("delete from audit where seq = ?");
  const empty = db.prepare("update chain set salt = null, content = null where seq = ?");
  const oldEdges = db.prepare(
    "delete from line_edge where seq in (select seq from line_edge where at < ? order by seq limit ?)",
  );
  const chainHead = db.prepare<[number], { seq: number; hash: Buffer }>(`
    select seq, hash from chain where seq < coalesce((select min(seq) from chain where content is not null), (select max(seq) from chain))
    order by seq desc limit 1 offset ?`);
  const chainLast = db.prepare<[], { seq: number; hash: Buffer }>(
    "select seq, hash from chain order by seq desc limit 1",
  );
  const tracksOf = db.prepare<[string], TrackRecord>(`
    select track.id, pass.id as passId, track.camera, first_at as firstAt, last_at as lastAt, track.frames
    from track join pass on pass.seq = pass_seq where pass.id = ? order by first_at`);
  const detectionsOf = db.prepare<
    [string],
    { trackId: string; at: number; box: string; quad: string; confidence: number }
  >(`
    select track_id as trackId, at, box, quad, confidence from detection
    where track_id in (select track.id from track join pass on pass.seq = pass_seq where pass.id = ?) order by seq`);
  const appearanceOf = db.prepare<[string], { model: string; vector: Buffer }>(
    "select model, vector from appearance join pass on pass.seq = pass_seq where pass.id = ?",
  );
  const dropChain = db.prepare("delete from chain where seq <= ?");
  const setBase = db.prepare(
    "insert into setting (name, value) values ('chain_base', ?) on conflict (name) do update set value = excluded.value",
  );

  return {
    prune(limits) {
      let rows = oldPictures.run(limits.picturesBefore, BATCH).changes;
      const passes = oldPasses.all(limits.passesBefore, BATCH);
      parts.beforeForget(passes.map((p) => p.seq));
      for (const pass of passes) dropPass.run(pass.seq);
      parts.afterForget();
      for (const decision of oldDecisions.all(limits.passesBefore, BATCH)) {
        dropDecision.run(decision.seq);
        rows += empty.run(decision.chainSeq).changes;
      }
      for (const entry of oldAudit.all(limits.auditBefore, BATCH)) {
        dropAudit.run(entry.seq);
        rows += empty.run(entry.chainSeq).changes;
      }
      rows += oldEdges.run(limits.edgesBefore, BATCH).changes;
      shortenChain();
      if (rows + passes.length > 0) db.pragma("incremental_vacuum(200)");
      return rows + passes.length;
    },
    erase: (plate) => erasePlate(db, plate, parts),
    details(passId) {
      const looks = appearanceOf.get(passId);
      return {
        tracks: tracksOf.all(passId),
        detections: detectionsOf
          .all(passId)
          .map((d) => ({ ...d, box: JSON.parse(d.box), quad: JSON.parse(d.quad) })),
        appearance: looks === undefined ? null : { model: looks.model, vector: numbersOf(looks.vector) },
      };
    },
    chainHead() {
      const last = chainLast.get();
      return { links: last?.seq ?? 0, hash: last?.hash.toString("hex") ?? "" };
    },
    scrub() {
      // An erasure that was cut off leaves it.
      dropFilling();
      db.pragma("wal_checkpoint(restart)");
      db.exec("vacuum");
      db.pragma("wal_checkpoint(restart)");
      // The log is written from its beginning again: enough nothing to cover all that it held.
      const bytes = statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      try {
        db.exec("create table filling (bytes blob)");
        for (let left = bytes; left > 0; left -= 1_000_000)
          db.prepare("insert into filling values (zeroblob(1000000))").run();
      } finally {
        dropFilling();
      }
      db.pragma("wal_checkpoint(truncate)");
      db.exec("vacuum");
      db.pragma("wal_checkpoint(truncate)");
    },
  };

  function dropFilling(): void {
    db.exec("drop table if exists filling");
  }

  /** The beginning of the chain goes when nothing of it is left but hashes; what follows is proved from the noted base. */
  function shortenChain(): void {
    const base = chainHead.get(1000);
    if (base === undefined) return;
    setBase.run(JSON.stringify({ seq: base.seq, hash: base.hash.toString("hex") }));
    dropChain.run(base.seq);
  }
}

function erasePlate(db: Database, plate: string, parts: UpkeepParts): EraseReport {
  // Everything that names the plate, also inside sentences, evidence and payloads.
  const passes = db
    .prepare<[{ plate: string }], { seq: number; id: string }>(`
    select seq, id from pass where plate = @plate or ${mentions("sentence", "@plate")}
      or exists (select 1 from plate_read r where r.pass_seq = pass.seq and r.text = @plate)`)
    .all({ plate });
  const run = (sql: string, value: unknown) => db.prepare(sql).run(value).changes;
  const report = {
    passes: passes.length,
    reads: 0,
    decisions: 0,
    rules: 0,
    vehicles: 0,
    events: 0,
    clips: 0,
  };
  const files: string[] = [];
  parts.beforeForget(passes.map((p) => p.seq));
  for (const pass of passes) {
    for (const clip of db
      .prepare<[string], { id: string; path: string }>("select id, path from clip where pass_id = ?")
      .all(pass.id)) {
      files.push(clip.path);
      run("insert or ignore into garbage (path) values (?)", clip.path);
      report.clips += run("delete from clip where id = ?", clip.id);
    }
    for (const { id } of db
      .prepare<[string], { id: string }>("select id from clip_request where pass_id = ?")
      .all(pass.id)) {
      // It may have been cut and not entered yet.
      files.push(clipPath(id));
      run("insert or ignore into garbage (path) values (?)", clipPath(id));
      run("delete from clip_request where id = ?", id);
    }
    report.reads += run("delete from plate_read where pass_seq = ?", pass.seq);
    report.decisions += forgetLinks(db, "decision", "pass_id = @id", { id: pass.id });
    report.events += forgetEvents(pass.id);
    run("delete from pass where seq = ?", pass.seq);
  }
  parts.afterForget();
  report.decisions += forgetLinks(
    db,
    "decision",
    `plate = @plate or ${mentions("sentence", "@plate")} or ${mentions("evidence", "@plate")}`,
    { plate },
  );
  forgetLinks(db, "audit", `${mentions("subject", "@plate")} or ${mentions("detail", "@plate")}`, { plate });
  report.rules = run("delete from access_rule where plate = ?", plate);
  report.vehicles = run("delete from vehicle where plate = ?", plate);
  report.events += forgetEvents(plate);
  db.prepare(`update line_edge set cause = '' where ${mentions("cause", "@plate")}`).run({ plate });
  return { ...report, files };

  function forgetEvents(name: string): number {
    return db
      .prepare(`update outbox set acknowledged = 1, payload = '' where ${mentions("payload", "@name")}`)
      .run({ name }).changes;
  }
}

/** SQL for "this column mentions this name"; `instr` spares most rows the closer look. */
function mentions(column: string, name: string): string {
  return `(instr(${column}, ${name}) > 0 and mentions(${column}, ${name}))`;
}

/** Removes rows of the hash chain's kind and empties their links. */
function forgetLinks(db: Database, table: "decision" | "audit", where: string, values: object): number {
  const rows = db
    .prepare<[object], { seq: number; chainSeq: number }>(
      `select seq, chain_seq as chainSeq from ${table} where ${where}`,
    )
    .all(values);
  for (const row of rows) {
    db.prepare(`delete from ${table} where seq = ?`).run(row.seq);
    db.prepare("update chain set salt = null, content = null where seq = ?").run(row.chainSeq);
  }
  return rows.length;
}
