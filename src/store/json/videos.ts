import type { ClipRecord, ClipRequest, SegmentRecord } from "../../core/records.js";
import type { ClipRepository, OutboxRepository, SegmentRepository } from "../../core/repositories.js";
import type { Sync } from "../sql/sync.js";
import type { Journal } from "./journal.js";
import type { StoredPass } from "./passes.js";
import { matches, newest } from "./query.js";

/** Segments of the ring in a JSON store. */
export function createJsonSegments(journal: Journal): Sync<SegmentRepository> {
  const segments = journal.table<SegmentRecord>("segment");
  const garbage = journal.table<{ path: string }>("garbage");
  return {
    add(segment) {
      const same = [...segments.all()].find((s) => s.path === segment.path);
      segments.put(
        same?.id ?? segment.id,
        same === undefined
          ? segment
          : { ...same, startedAt: segment.startedAt, endedAt: segment.endedAt, bytes: segment.bytes },
      );
    },
    overlapping: (camera, from, to) =>
      [...segments.all()]
        .filter((s) => s.camera === camera && s.startedAt < to && s.endedAt > from)
        .sort((a, b) => a.startedAt - b.startedAt),
    oldest: (limit, skip = 0) => [...segments.all()].slice(skip, skip + limit),
    all: () => [...segments.all()],
    discard(ids) {
      for (const id of ids) {
        const segment = segments.get(id);
        if (segment === undefined) continue;
        garbage.put(segment.path, { path: segment.path });
        segments.drop(id);
      }
    },
    garbage: () => [...garbage.all()].map((g) => g.path).sort(),
    forget(paths) {
      for (const path of paths) garbage.drop(path);
    },
    count: () => segments.size(),
    totalBytes: () => [...segments.all()].reduce((n, s) => n + s.bytes, 0),
    shift(bootId, deltaMs) {
      const delta = Math.round(deltaMs);
      for (const s of [...segments.all()]) {
        if (s.bootId === bootId)
          segments.put(s.id, { ...s, startedAt: s.startedAt + delta, endedAt: s.endedAt + delta });
      }
    },
  };
}

interface StoredClip {
  seq: number;
  clip: ClipRecord;
}

/** Clips and promised clips in a JSON store. */
export function createJsonClips(journal: Journal, outbox: Sync<OutboxRepository>): Sync<ClipRepository> {
  const clips = journal.table<StoredClip>("clip");
  const requests = journal.table<ClipRequest>("clip_request");
  const garbage = journal.table<{ path: string }>("garbage");
  const passes = journal.table<StoredPass>("pass");
  const link = (passId: string | null, clipId: string | null) => {
    const stored = passId === null ? undefined : passes.get(passId);
    if (stored !== undefined) passes.put(stored.pass.id, { ...stored, pass: { ...stored.pass, clipId } });
  };
  return {
    add(clip, events) {
      if (clips.get(clip.id) === undefined)
        clips.put(clip.id, { seq: journal.next(), clip: { kind: "unknown", ...clip } });
      link(clip.passId, clip.id);
      requests.drop(clip.id);
      outbox.add(events);
    },
    find: (id) => clips.get(id)?.clip ?? null,
    list: (filter) =>
      newest(
        clips.all(),
        ({ clip }) =>
          (filter.from === undefined || clip.endedAt >= filter.from) &&
          (filter.to === undefined || clip.startedAt <= filter.to) &&
          (!filter.camera || clip.camera === filter.camera) &&
          (!filter.passId || clip.passId === filter.passId) &&
          (filter.pinned === undefined || clip.pinned === filter.pinned) &&
          (!filter.kind || clip.kind === filter.kind) &&
          (!filter.plate || matches(filter.plate, passes.get(clip.passId ?? "")?.pass.plate ?? "")),
        filter,
        (stored) => stored.clip,
      ),
    pin(id, pinned) {
      const stored = clips.get(id);
      if (stored !== undefined) clips.put(id, { ...stored, clip: { ...stored.clip, pinned } });
      return stored !== undefined;
    },
    remove(id) {
      const stored = clips.get(id);
      if (stored === undefined) return null;
      garbage.put(stored.clip.path, { path: stored.clip.path });
      clips.drop(id);
      if (passes.get(stored.clip.passId ?? "")?.pass.clipId === id) link(stored.clip.passId, null);
      return stored.clip;
    },
    want(request) {
      requests.put(request.id, request);
    },
    wanted: () => [...requests.all()].sort((a, b) => a.createdAt - b.createdAt),
    unwant(id) {
      requests.drop(id);
    },
    shift(ids, deltaMs) {
      const delta = Math.round(deltaMs);
      for (const id of ids) {
        const stored = clips.get(id);
        if (stored === undefined) continue;
        const { startedAt, endedAt } = stored.clip;
        clips.put(id, {
          ...stored,
          clip: { ...stored.clip, startedAt: startedAt + delta, endedAt: endedAt + delta },
        });
      }
    },
    oldest: (kind, limit) =>
      [...clips.all()]
        .map((s) => s.clip)
        .filter((clip) => clip.kind === kind && !clip.pinned)
        .slice(0, limit),
    all: () => [...clips.all()].map((s) => s.clip),
    totalBytes: () => [...clips.all()].reduce((n, s) => n + (s.clip.pinned ? 0 : s.clip.bytes), 0),
  };
}
