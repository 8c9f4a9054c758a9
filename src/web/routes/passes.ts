import { z } from "zod";
import { ALPHABET, type Candidate, type CharEvidence, normalisePlate } from "../../core/plate.js";
import type { ClipRecord, PassRecord, PlateReadRecord } from "../../core/records.js";
import type { PassFilter } from "../../core/repositories.js";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";

const params = z.object({ id: shapes.id });
const gone = { 404: "no such pass, or nothing kept of it" };

/** The passes: list, search, detail, pictures, clip. */
export function passRoutes(web: Pick<WebDeps, "passes" | "clips" | "recording">): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/passes",
      summary: "Passes, newest first.",
      group: "passes",
      query: z.object({
        plate: z.string().max(32).optional().describe("plate; `?` is one character, `*` any run"),
        verdict: shapes.verdict.optional(),
        ...shapes.listQuery,
      }),
      good: { description: "one page of passes", shape: shapes.page(shapes.pass) },
      handle: async ({ query }) => {
        const page = await web.passes.list(filter(query));
        const items = await Promise.all(page.items.map((pass) => withChars(web, pass)));
        return { json: { items, next: page.next } };
      },
    }),
    route({
      method: "GET",
      path: "/api/passes/{id}",
      summary: "One pass with its decisions, reads, candidates and clip.",
      group: "passes",
      params,
      good: { description: "the pass", shape: shapes.passDetail },
      refusals: gone,
      handle: async ({ params }) => {
        const pass = await find(params.id);
        const [decisions, reads, clip] = await Promise.all([
          web.passes.decisions(pass.id),
          web.passes.reads(pass.id),
          pass.clipId === null ? null : web.clips.find(pass.clipId),
        ]);
        return {
          json: {
            pass: passView(pass, reads),
            decisions: decisions.map(({ passId: _, ...d }) => ({ ...d, evidence: parsed(d.evidence) })),
            reads: reads.map(({ at, text, probability, chars }) => ({ at, text, probability, chars })),
            candidates: candidates(reads.at(-1)?.evidence ?? [], 5),
            clip: clip === null ? null : clipView(clip),
          },
        };
      },
    }),
    ...(["crop", "frame"] as const).map((kind) =>
      route({
        method: "GET",
        path: `/api/passes/{id}/${kind}.jpg`,
        summary: kind === "crop" ? "The plate, straightened." : "The very frame the plate was read in.",
        group: "passes",
        params,
        good: { description: "a JPEG", type: "image/jpeg" },
        refusals: gone,
        handle: async ({ params }) => {
          const jpeg = await web.passes.picture(params.id, kind);
          if (jpeg === null) throw new Refusal(404, `No ${kind} is kept of pass ${params.id}.`);
          return { bytes: jpeg, type: "image/jpeg" };
        },
      }),
    ),
    route({
      method: "GET",
      path: "/api/passes/{id}/clip.mp4",
      summary: "The video around the pass, with byte ranges.",
      group: "passes",
      params,
      good: { description: "a fragmented MP4", type: "video/mp4" },
      refusals: { ...gone, 416: "no such range" },
      handle: async ({ params }) => {
        const pass = await find(params.id);
        const clip = pass.clipId === null ? null : await web.clips.find(pass.clipId);
        if (clip === null) throw new Refusal(404, `No video is kept of pass ${params.id}.`);
        return { file: clip.path, folder: web.recording.folder, type: "video/mp4" };
      },
    }),
  ];

  async function find(id: string): Promise<PassRecord> {
    const pass = await web.passes.find(id);
    if (pass === null) throw new Refusal(404, `There is no pass ${id}.`);
    return pass;
  }
}

/** The pass as pages get it: with the probability of each character. */
export async function withChars(web: Pick<WebDeps, "passes">, pass: PassRecord) {
  return passView(pass, await web.passes.reads(pass.id));
}

/** The clip without the place of its file. */
export function clipView({ path: _, ...clip }: ClipRecord) {
  return clip;
}

function passView(pass: PassRecord, reads: readonly PlateReadRecord[]) {
  const read = reads.findLast((r) => r.text === pass.plate);
  const { id, site, gate, camera, trackId, startedAt, endedAt, plate, probability, direction, frames } = pass;
  const { verdict, reason, sentence, clipId } = pass;
  const facts = {
    id,
    site,
    gate,
    camera,
    trackId,
    startedAt,
    endedAt,
    plate,
    probability,
    direction,
    frames,
  };
  return { ...facts, verdict, reason, sentence, clipId, chars: read?.chars ?? null };
}

function filter(query: Record<string, unknown> & { plate?: string | undefined }): PassFilter {
  const { plate, ...rest } = query;
  const asked = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  ) as PassFilter;
  const pattern = (plate ?? "")
    .split(/([?*]+)/)
    .map((part) => (/[?*]/.test(part) ? part : normalisePlate(part)));
  return { ...asked, ...(pattern.join("") === "" ? {} : { plate: pattern.join("") }) };
}

/** The likeliest texts of this evidence: the winner, then one character changed at a time. */
export function candidates(evidence: CharEvidence, limit: number): Candidate[] {
  const slots = evidence.map((slot) =>
    slot
      .map((probability, k) => ({ char: ALPHABET[k]!, probability }))
      .sort((a, b) => b.probability - a.probability),
  );
  if (slots.length === 0) return [];
  const best = slots.reduce((product, slot) => product * slot[0]!.probability, 1);
  const text = (change = -1, by = 0) =>
    slots
      .map((slot, i) => slot[i === change ? by : 0]!.char)
      .join("")
      .replaceAll("-", "");
  const others = slots.flatMap((slot, i) =>
    slot.slice(1, 4).map((choice, k) => ({
      text: text(i, k + 1),
      probability: (best * choice.probability) / slot[0]!.probability,
    })),
  );
  return [{ text: text(), probability: best }, ...others.sort((a, b) => b.probability - a.probability)]
    .filter((c) => c.probability >= 0.003)
    .slice(0, limit);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
