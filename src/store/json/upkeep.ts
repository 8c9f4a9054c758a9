import {
  type AccessRule,
  type AuditRecord,
  type ClipRecord,
  type ClipRequest,
  clipPath,
  type EdgeRecord,
  type OutboxEvent,
  type VehicleRecord,
} from "../../core/records.js";
import { mentionsOf } from "../mentions.js";
import type { Sync } from "../sql/sync.js";
import type { EraseReport, Upkeep } from "../upkeep.js";
import type { Journal } from "./journal.js";
import { removePictures, type StoredPass } from "./passes.js";

const BATCH = 200;

/** Retention and erasure in a JSON store. */
export function createJsonUpkeep(journal: Journal, folder: string): Sync<Upkeep> {
  const passes = journal.table<StoredPass>("pass");
  const clips = journal.table<{ seq: number; clip: ClipRecord }>("clip");
  const requests = journal.table<ClipRequest>("clip_request");
  const garbage = journal.table<{ path: string }>("garbage");
  const edges = journal.table<EdgeRecord & { seq: number }>("line_edge");
  const audit = journal.table<AuditRecord & { seq: number }>("audit");
  const events = journal.table<OutboxEvent>("outbox");
  const rules = journal.table<AccessRule>("access_rule");
  const vehicles = journal.table<VehicleRecord>("vehicle");
  const chain = journal.table<{ seq: number; content: string; hash: string }>("chain");
  return {
    prune(limits) {
      const gone = new Set<string>();
      const pinned = new Set([...clips.all()].filter((c) => c.clip.pinned).map((c) => c.clip.passId));
      const old = [...passes.all()]
        .filter((p) => p.pass.startedAt < limits.passesBefore && !pinned.has(p.pass.id))
        .slice(0, BATCH);
      for (const { pass, decisions } of old) {
        for (const decision of decisions) gone.add(decision.id);
        removePictures(folder, pass.id);
        passes.drop(pass.id);
      }
      for (const { pass } of passes.all()) {
        if (pass.startedAt < limits.picturesBefore && !pinned.has(pass.id)) removePictures(folder, pass.id);
      }
      const oldEdges = [...edges.all()].filter((e) => e.at < limits.edgesBefore).slice(0, BATCH);
      for (const edge of oldEdges) edges.drop(String(edge.seq));
      const oldAudit = [...audit.all()].filter((e) => e.at < limits.auditBefore).slice(0, BATCH);
      for (const entry of oldAudit) {
        gone.add(entry.id);
        audit.drop(entry.id);
      }
      if (gone.size > 0) forget((content) => gone.has(idOf(content)));
      return old.length + oldEdges.length + oldAudit.length;
    },
    erase: erasePlate,
    details(passId) {
      const stored = passes.get(passId);
      return {
        tracks: stored?.tracks ?? [],
        detections: stored?.detections ?? [],
        appearance: stored?.appearance ?? null,
      };
    },
    chainHead() {
      const last = [...chain.all()].at(-1);
      return { links: last?.seq ?? 0, hash: last?.hash ?? "" };
    },
    scrub() {
      journal.rewrite();
    },
  };

  /** Empties the links of the hash chain that hold these records. */
  function forget(isGone: (content: string) => boolean): void {
    for (const link of [...chain.all()]) {
      if (link.content !== "" && isGone(link.content))
        chain.put(String(link.seq), { ...link, content: "", salt: "" } as typeof link);
    }
  }

  function erasePlate(plate: string): EraseReport {
    const mentions = mentionsOf(plate);
    const report = { passes: 0, reads: 0, decisions: 0, rules: 0, vehicles: 0, events: 0, clips: 0 };
    const files: string[] = [];
    const gone = new Set<string>();
    for (const stored of [...passes.all()]) {
      const { pass, reads, decisions } = stored;
      const isTheirs =
        pass.plate === plate || mentions(pass.sentence) || reads.some((read) => read.text === plate);
      const forgotten = decisions.filter(
        (d) => isTheirs || d.plate === plate || mentions(d.sentence) || mentions(d.evidence),
      );
      for (const { id } of forgotten) gone.add(id);
      report.decisions += forgotten.length;
      if (isTheirs) erasePass(stored);
      else if (forgotten.length > 0)
        passes.put(pass.id, { ...stored, decisions: decisions.filter((d) => !gone.has(d.id)) });
    }
    for (const { id, subject, detail } of [...audit.all()])
      if ((mentions(subject) || mentions(detail)) && audit.drop(id)) gone.add(id);
    forget((content) => gone.has(idOf(content)) || mentions(content));
    forgetEvents(mentions);
    for (const rule of [...rules.all()]) if (rule.plate === plate && rules.drop(rule.id)) report.rules++;
    for (const vehicle of [...vehicles.all()])
      if (vehicle.plate === plate && vehicles.drop(vehicle.id)) report.vehicles++;
    for (const edge of [...edges.all()])
      if (mentions(edge.cause)) edges.put(String(edge.seq), { ...edge, cause: "" });
    return { ...report, files };

    function erasePass({ pass, reads }: StoredPass): void {
      for (const { clip } of [...clips.all()].filter((c) => c.clip.passId === pass.id)) {
        files.push(clip.path);
        garbage.put(clip.path, { path: clip.path });
        clips.drop(clip.id);
        report.clips++;
      }
      for (const { id } of [...requests.all()].filter((r) => r.passId === pass.id)) {
        // It may have been cut and not entered yet.
        files.push(clipPath(id));
        garbage.put(clipPath(id), { path: clipPath(id) });
        requests.drop(id);
      }
      forgetEvents(mentionsOf(pass.id));
      report.reads += reads.length;
      removePictures(folder, pass.id);
      passes.drop(pass.id);
      report.passes++;
    }

    function forgetEvents(isGone: (payload: string) => boolean): void {
      for (const event of [...events.all()])
        if (isGone(event.payload) && events.drop(event.id)) report.events++;
    }
  }
}

function idOf(content: string): string {
  return (JSON.parse(content) as { id: string }).id;
}
