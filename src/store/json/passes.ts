import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Appearance } from "../../core/appearance.js";
import type {
  DecisionRecord,
  DetectionRecord,
  PassRecord,
  PlateReadRecord,
  TrackRecord,
} from "../../core/records.js";
import type { OutboxRepository, PassRepository } from "../../core/repositories.js";
import type { ChainKind } from "../sql/chain.js";
import type { Sync } from "../sql/sync.js";
import { type Journal, replace } from "./journal.js";
import { matches, newest } from "./query.js";

/** A pass with everything that belongs to it, as it stands in the file. */
export interface StoredPass {
  seq: number;
  pass: PassRecord;
  decisions: DecisionRecord[];
  reads: PlateReadRecord[];
  tracks?: TrackRecord[];
  detections?: DetectionRecord[];
  appearance?: Appearance;
}

export interface PassParts {
  folder: string;
  outbox: Sync<OutboxRepository>;
  append(kind: ChainKind, content: object): void;
}

/** Passes in a JSON store; pictures are files beside it. */
export function createJsonPasses(
  journal: Journal,
  { folder, outbox, append }: PassParts,
): Sync<PassRepository> {
  const passes = journal.table<StoredPass>("pass");
  return {
    save(entry) {
      const old = passes.get(entry.pass.id);
      const pass =
        old === undefined ? entry.pass : { ...entry.pass, clipId: entry.pass.clipId ?? old.pass.clipId };
      const { decision, read } = entry;
      const isNewDecision = decision !== undefined && !old?.decisions.some((d) => d.id === decision.id);
      const isNewRead = read !== undefined && !old?.reads.some((r) => r.at === read.at);
      if (isNewDecision) append("decision", decision);
      passes.put(pass.id, {
        seq: old?.seq ?? journal.next(),
        pass,
        decisions: [...(old?.decisions ?? []), ...(isNewDecision ? [decision] : [])],
        reads: [...(old?.reads ?? []), ...(isNewRead ? [read] : [])],
        ...kept(
          "tracks",
          merged(old?.tracks, entry.tracks, (t) => t.id),
        ),
        ...kept(
          "detections",
          merged(old?.detections, entry.detections, (d) => `${d.trackId} ${d.at}`),
        ),
        ...kept("appearance", entry.appearance ?? old?.appearance),
      });
      for (const picture of entry.pictures ?? []) {
        mkdirSync(join(folder, "pictures"), { recursive: true });
        replace(pictureFile(folder, pass.id, picture.kind), picture.jpeg);
        if (picture.kind !== "crop") continue;
        // It goes and is replaced with its crop.
        const enhanced = pictureFile(folder, pass.id, "enhanced");
        if (picture.enhanced === undefined) rmSync(enhanced, { force: true });
        else replace(enhanced, picture.enhanced);
      }
      outbox.add(entry.events);
    },
    find: (id) => passes.get(id)?.pass ?? null,
    list: (filter) =>
      newest(
        passes.all(),
        ({ pass }) =>
          (!filter.plate || matches(filter.plate, pass.plate)) &&
          (filter.from === undefined || pass.startedAt >= filter.from) &&
          (filter.to === undefined || pass.startedAt <= filter.to) &&
          (!filter.verdict || pass.verdict === filter.verdict),
        filter,
        (stored) => stored.pass,
      ),
    decisions: (passId) => passes.get(passId)?.decisions ?? [],
    reads: (passId) => passes.get(passId)?.reads ?? [],
    looks: (limit) =>
      [...passes.all()]
        .filter((p) => p.pass.verdict === "granted" && p.appearance !== undefined)
        .slice(-limit)
        .map(({ pass, appearance }) => ({ passId: pass.id, plate: pass.plate, appearance: appearance! })),
    picture(passId, kind) {
      try {
        return readFileSync(pictureFile(folder, passId, kind));
      } catch {
        return null;
      }
    },
  };
}

/** What is there and what comes; of two with the same key the newer one. */
function merged<T>(old: T[] | undefined, added: readonly T[] | undefined, key: (one: T) => string) {
  if (added === undefined || added.length === 0) return old;
  return [...new Map([...(old ?? []), ...added].map((one) => [key(one), one])).values()];
}

function kept<K extends string, V>(name: K, value: V | undefined): { [N in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [N in K]: V });
}

/** Removes the pictures of a pass. */
export function removePictures(folder: string, passId: string): void {
  for (const kind of ["crop", "frame", "enhanced"])
    rmSync(pictureFile(folder, passId, kind), { force: true });
}

function pictureFile(folder: string, passId: string, kind: string): string {
  return join(folder, "pictures", `${passId.replace(/[^A-Za-z0-9_-]/g, "_")}-${kind}.jpg`);
}
