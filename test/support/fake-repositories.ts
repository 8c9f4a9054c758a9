import type { ClipRecord, DecisionRecord, PassRecord, PlateReadRecord } from "../../src/core/records.js";
import type { ClipRepository, Page, PassFilter, PassRepository } from "../../src/core/repositories.js";

/** Passes and clips in memory, with the same answers as the store gives. */
export function fakeRepositories() {
  const passes = new Map<string, PassRecord>();
  const decisions: DecisionRecord[] = [];
  const reads: PlateReadRecord[] = [];
  const pictures = new Map<string, Uint8Array>();
  const clips = new Map<string, ClipRecord>();

  const passRepository: PassRepository = {
    async save(entry) {
      passes.set(entry.pass.id, entry.pass);
      if (entry.decision !== undefined) decisions.push(entry.decision);
      if (entry.read !== undefined) reads.push(entry.read);
      for (const { kind, jpeg, enhanced } of entry.pictures ?? []) {
        pictures.set(`${entry.pass.id} ${kind}`, jpeg);
        if (enhanced !== undefined) pictures.set(`${entry.pass.id} enhanced`, enhanced);
      }
    },
    find: async (id) => passes.get(id) ?? null,
    list: async (filter) =>
      page(
        [...passes.values()].filter((p) => fits(p, filter)),
        filter,
      ),
    decisions: async (passId) => decisions.filter((d) => d.passId === passId),
    reads: async (passId) => reads.filter((r) => r.passId === passId),
    picture: async (passId, kind) => pictures.get(`${passId} ${kind}`) ?? null,
    looks: async () => [],
  };

  const clipRepository: Pick<ClipRepository, "add" | "find" | "list" | "pin" | "remove"> = {
    async add(clip) {
      clips.set(clip.id, clip);
      const pass = clip.passId === null ? undefined : passes.get(clip.passId);
      if (pass !== undefined) passes.set(pass.id, { ...pass, clipId: clip.id });
    },
    find: async (id) => clips.get(id) ?? null,
    list: async (filter) =>
      page(
        [...clips.values()].filter(
          (c) => (filter.from ?? 0) <= c.endedAt && c.startedAt <= (filter.to ?? Number.POSITIVE_INFINITY),
        ),
        filter,
      ),
    async pin(id, pinned) {
      const clip = clips.get(id);
      if (clip !== undefined) clips.set(id, { ...clip, pinned });
      return clip !== undefined;
    },
    async remove(id) {
      const clip = clips.get(id) ?? null;
      clips.delete(id);
      return clip;
    },
  };
  return { passes: passRepository, clips: clipRepository };
}

function fits(pass: PassRecord, filter: PassFilter): boolean {
  const pattern = (filter.plate ?? "*").replaceAll("?", ".").replaceAll("*", ".*");
  return (
    new RegExp(`^${pattern}$`).test(pass.plate) &&
    (filter.verdict === undefined || pass.verdict === filter.verdict) &&
    pass.startedAt >= (filter.from ?? 0) &&
    pass.startedAt <= (filter.to ?? Number.POSITIVE_INFINITY)
  );
}

/** Newest first; the cursor is the number of items already given. */
function page<T extends { startedAt: number }>(
  all: T[],
  filter: { limit?: number; before?: string },
): Page<T> {
  const sorted = all.sort((a, b) => b.startedAt - a.startedAt);
  const from = Number(filter.before ?? 0);
  const to = from + (filter.limit ?? 30);
  return { items: sorted.slice(from, to), next: to < sorted.length ? String(to) : null };
}
