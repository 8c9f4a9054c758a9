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
      const pinned = new Set([...clips.all()].filter((c) => c.clip.pinned).map((c) => c.clip.passId));
      const old = [...passes.all()]
        .filter((p) => p.pass.startedAt < limits.passesBefore && !pinned.has(p.pass.id))
        .slice(0, BATCH);
      for (const { pass, decisions } of old) {
        for (const decision of decisions) forget(decision.id);
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
        forget(entry.id);
        audit.drop(entry.id);
      }
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

  /** Empties the link of the hash chain that holds this record. */
  function forget(id: string): void {
    for (const link of chain.all()) {
      if (link.content !== "" && (JSON.parse(link.content) as { id: string }).id === id)
        chain.put(String(link.seq), { ...link, content: "", salt: "" } as typeof link);
    }
  }

  function erasePlate(plate: string): EraseReport {
    const names = (row: unknown) => JSON.stringify(row).includes(plate);
    const report = { passes: 0, reads: 0, decisions: 0, rules: 0, vehicles: 0, events: 0, clips: 0 };
    const files: string[] = [];
    for (const stored of [...passes.all()].filter(names)) {
      for (const { clip } of [...clips.all()].filter((c) => c.clip.passId === stored.pass.id)) {
        files.push(clip.path);
        garbage.put(clip.path, { path: clip.path });
        clips.drop(clip.id);
        report.clips++;
      }
      for (const { id } of [...requests.all()].filter((r) => r.passId === stored.pass.id)) {
        // It may have been cut and not entered yet.
        files.push(clipPath(id));
        garbage.put(clipPath(id), { path: clipPath(id) });
        requests.drop(id);
      }
      for (const event of [...events.all()])
        if (event.payload.includes(stored.pass.id) && events.drop(event.id)) report.events++;
      report.reads += stored.reads.length;
      report.decisions += stored.decisions.length;
      removePictures(folder, stored.pass.id);
      passes.drop(stored.pass.id);
      report.passes++;
    }
    for (const link of [...chain.all()].filter(names))
      chain.put(String(link.seq), { ...link, content: "", salt: "" } as typeof link);
    for (const entry of [...audit.all()].filter(names)) audit.drop(entry.id);
    for (const event of [...events.all()].filter(names)) if (events.drop(event.id)) report.events++;
    for (const rule of [...rules.all()]) if (rule.plate === plate && rules.drop(rule.id)) report.rules++;
    for (const vehicle of [...vehicles.all()])
      if (vehicle.plate === plate && vehicles.drop(vehicle.id)) report.vehicles++;
    for (const edge of [...edges.all()])
      if (edge.cause.includes(plate)) edges.put(String(edge.seq), { ...edge, cause: "" });
    return { ...report, files };
  }
}
