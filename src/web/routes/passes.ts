import { z } from "zod";
import { replayDecision } from "../../core/access.js";
import { ALPHABET, type Candidate, type CharEvidence, normalisePlate } from "../../core/plate.js";
import type { ClipRecord, DecisionRecord, PassRecord, PlateReadRecord } from "../../core/records.js";
import type { PassFilter } from "../../core/repositories.js";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";

const params = z.object({ id: shapes.id });
export const plateQuery = z.string().max(32).describe("plate; `?` is one character, `*` any run");
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
        plate: plateQuery.optional(),
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
            candidates: candidatesOf(decisions.at(-1), reads.at(-1)),
            replay: replayOf(decisions.at(-1)),
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
        query: shapes.absent,
        good: { description: "a JPEG", type: "image/jpeg" },
        refusals: gone,
        handle: async ({ params, query }) => {
          const jpeg = await web.passes.picture(params.id, kind);
          if (jpeg === null && query.absent === "204") return { nothing: true };
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

function filter({ plate, ...rest }: { plate?: string | undefined } & Record<string, unknown>): PassFilter {
  const pattern = platePattern(plate ?? "");
  return { ...given(rest), ...(pattern === "" ? {} : { plate: pattern }) };
}

/** The plate as the store compares it, wildcards kept. */
export function platePattern(text: string): string {
  const parts = text.split(/([?*]+)/);
  return parts.map((part) => (/[?*]/.test(part) ? part : normalisePlate(part))).join("");
}

/** Only what was given: an optional field that is `undefined` is not the same as one that is absent. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** What the decision looked at; of an older record, what the reading leaves open. */
function candidatesOf(decision: DecisionRecord | undefined, read: PlateReadRecord | undefined): Candidate[] {
  const kept = kepts.safeParse(parsed(decision?.evidence ?? "{}"));
  const all = kept.success ? kept.data.request.candidates : candidates(read?.evidence ?? [], 8);
  return all.filter((c) => c.probability >= 0.003).slice(0, 5);
}

const kepts = z.object({
  request: z.object({ candidates: z.array(z.object({ text: z.string(), probability: z.number() })).min(1) }),
});

/** Decides again: a decision that cannot be repeated is worth knowing of. */
function replayOf(decision: DecisionRecord | undefined) {
  if (decision === undefined) return null;
  try {
    const { verdict, reason } = replayDecision(decision.evidence);
    return { same: verdict === decision.verdict && reason === decision.reason, verdict, reason };
  } catch {
    return null;
  }
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
  return [{ text: text(), probability: best }, ...others.sort((a, b) => b.probability - a.probability)].slice(
    0,
    limit,
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
