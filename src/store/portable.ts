import type {
  AccessRule,
  AuditRecord,
  ClipRecord,
  ClipRequest,
  DecisionRecord,
  EdgeRecord,
  OutboxEvent,
  PassRecord,
  PersonRecord,
  PictureKind,
  PlateReadRecord,
  SegmentRecord,
  VehicleRecord,
  WearRecord,
} from "../core/records.js";
import type { Page } from "../core/repositories.js";
import type { Served } from "./protocol.js";
import type { PassDetails } from "./upkeep.js";

/** A pass with all that was kept of it; pictures in base64. */
export interface PortablePass extends PassDetails {
  pass: PassRecord;
  decisions: readonly DecisionRecord[];
  reads: readonly PlateReadRecord[];
  /** `enhanced`: what the enhancer made of the crop. */
  pictures: readonly { kind: PictureKind; base64: string; enhanced?: string }[];
}

/** One line of an export. */
export type PortableRow =
  | { kind: "rule"; row: AccessRule }
  | { kind: "person"; row: PersonRecord }
  | { kind: "vehicle"; row: VehicleRecord }
  | { kind: "setting"; row: { name: string; value: string } }
  | { kind: "pass"; row: PortablePass }
  | { kind: "segment"; row: SegmentRecord }
  | { kind: "clip"; row: ClipRecord }
  | { kind: "clip-request"; row: ClipRequest }
  | { kind: "event"; row: OutboxEvent }
  | { kind: "edge"; row: EdgeRecord }
  | { kind: "audit"; row: AuditRecord }
  | { kind: "wear"; row: WearRecord };

// Facts about this very database and where it runs, not about the gate. Positions of receivers count in its own outbox.
const OWN_SETTINGS = new Set([
  "clean",
  "chain_base",
  "last_wall",
  "config",
  "report.cursors",
  "report.announced",
]);

/** Everything a store holds, whatever its kind, oldest first. Video stays where it is: rows name its files. */
export async function* exportRows(store: Served): AsyncGenerator<PortableRow> {
  for (const row of await store.rules.all()) yield { kind: "rule", row };
  for (const row of await store.register.people()) yield { kind: "person", row };
  for (const row of await store.register.vehicles()) yield { kind: "vehicle", row };
  for (const [name, value] of Object.entries(await store.settings.all())) {
    if (!OWN_SETTINGS.has(name)) yield { kind: "setting", row: { name, value } };
  }
  for await (const pass of oldestFirst((before) => store.passes.list({ limit: 200, ...before }))) {
    yield { kind: "pass", row: await portablePass(store, pass) };
  }
  for (const row of await store.segments.all()) yield { kind: "segment", row };
  for (const row of await store.clips.all()) yield { kind: "clip", row };
  for (const row of await store.clips.wanted()) yield { kind: "clip-request", row };
  for (const row of await store.outbox.pending(0, Number.MAX_SAFE_INTEGER)) yield { kind: "event", row };
  for await (const row of oldestFirst((before) => store.edges.list({ limit: 1000, ...before })))
    yield { kind: "edge", row };
  for await (const row of oldestFirst((before) => store.audit.list({ limit: 1000, ...before })))
    yield { kind: "audit", row };
  for (const row of await store.wear.since("")) yield { kind: "wear", row };
}

/**
 * Puts one exported row into a store; rows that are there already are not doubled, except edges and wear. Rejects with
 * one sentence when the row names a file that is none of the recordings or pictures.
 */
export async function importRow(store: Served, line: PortableRow): Promise<void> {
  switch (line.kind) {
    case "rule":
      return store.rules.save(line.row);
    case "person":
      return store.register.savePerson(line.row);
    case "vehicle":
      return importVehicle(store, line.row);
    case "setting":
      // Exports of earlier versions name them.
      if (OWN_SETTINGS.has(line.row.name)) return;
      return store.settings.set(line.row.name, line.row.value);
    case "pass":
      return importPass(store, line.row);
    case "segment":
      refuseOutside(line);
      return store.segments.add(line.row);
    case "clip":
      refuseOutside(line);
      return store.clips.add(line.row, []);
    case "clip-request":
      return store.clips.want(line.row);
    case "event":
      return store.outbox.add([line.row]);
    case "edge":
      return store.edges.add([line.row]);
    case "audit":
      return store.audit.add(line.row);
    case "wear":
      return store.wear.add([line.row]);
  }
}

async function portablePass(store: Served, pass: PassRecord): Promise<PortablePass> {
  const pictures: PortablePass["pictures"][number][] = [];
  for (const kind of ["crop", "frame"] as const) {
    const jpeg = await store.passes.picture(pass.id, kind);
    if (jpeg === null) continue;
    const enhanced = kind === "crop" ? await store.passes.picture(pass.id, "enhanced") : null;
    pictures.push({
      kind,
      base64: base64(jpeg),
      ...(enhanced === null ? {} : { enhanced: base64(enhanced) }),
    });
  }
  const [decisions, reads, details] = await Promise.all([
    store.passes.decisions(pass.id),
    store.passes.reads(pass.id),
    store.upkeep.details(pass.id),
  ]);
  return { pass, decisions, reads, pictures, ...details };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Rotation removes what rows name: a path that leads elsewhere would take a file that is none of ours. */
function refuseOutside({ kind, row }: { kind: string; row: { path: string } }): void {
  const parts = String(row.path).split("/");
  const isInside = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!isInside)
    throw new Error(
      `A ${kind} names the file “${row.path}”, which is not among the recordings; this row and those after it were not imported.`,
    );
}

/** One that was registered anew meanwhile keeps its id: there is one vehicle to a plate. */
async function importVehicle(store: Served, row: VehicleRecord): Promise<void> {
  const known = await store.register.findVehicle(row.plate);
  await store.register.saveVehicle({ ...row, id: known?.id ?? row.id });
}

async function importPass(store: Served, row: PortablePass): Promise<void> {
  const { pass, appearance } = row;
  const strange = row.pictures.find(({ kind }) => kind !== "crop" && kind !== "frame");
  if (strange !== undefined)
    throw new Error(
      `A pass has a picture called “${strange.kind}”, which is neither crop nor frame; this row and those after it were not imported.`,
    );
  const pictures = row.pictures.map(({ kind, base64, enhanced }) => ({
    kind,
    jpeg: Buffer.from(base64, "base64"),
    ...(enhanced === undefined ? {} : { enhanced: Buffer.from(enhanced, "base64") }),
  }));
  await store.passes.save({ pass, pictures, events: [], ...(appearance === null ? {} : { appearance }) });
  for (const decision of row.decisions) await store.passes.save({ pass, decision, events: [] });
  for (const read of row.reads) await store.passes.save({ pass, read, events: [] });
  await store.passes.save({ pass, tracks: row.tracks, detections: row.detections, events: [] });
}

/** Lists come newest first; the cursors are walked once forward so that the pages can be read backward. */
async function* oldestFirst<T>(list: (before: { before?: string }) => Promise<Page<T>>): AsyncGenerator<T> {
  const cursors: { before?: string }[] = [{}];
  for (;;) {
    const { next } = await list(cursors.at(-1)!);
    if (next === null) break;
    cursors.push({ before: next });
  }
  for (const cursor of cursors.reverse()) yield* [...(await list(cursor)).items].reverse();
}
