import { z } from "zod";
import { normalisePlate } from "../../core/plate.js";
import type { PassRecord } from "../../core/records.js";
import type { PassFilter } from "../../core/repositories.js";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";
import { candidatesOf, charsIn, clipView, type PassWithChars, parsed, passView, replayOf } from "../views.js";

const params = z.object({ id: shapes.id });
export const plateQuery = z.string().max(32).describe("plate; `?` is one character, `*` any run");
const pictureSummaries = {
  crop: "The plate, straightened.",
  enhanced:
    "The plate after the enhancer, where it is hard to read and `models.enhance` is on; details in it may be guessed.",
  frame: "The very frame the plate was read in.",
};
const gone = { 404: "no such pass, or nothing kept of it" };

/** The passes: list, search, detail, pictures, clip. */
export function passRoutes(
  web: Pick<WebDeps, "passes" | "clips" | "recording" | "register">,
  charsOf: PassWithChars,
): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/passes",
      summary: "Passes, newest first.",
      group: "passes",
      query: z.object({
        plate: plateQuery.optional(),
        verdict: shapes.verdict.optional(),
        chars: z
          .enum(["0", "1"])
          .default("1")
          .describe("0: without the probability of each character, faster"),
        ...shapes.listQuery,
      }),
      good: { description: "one page of passes", shape: shapes.page(shapes.pass) },
      handle: async ({ query }) => {
        const { chars, ...wanted } = query;
        const page = await web.passes.list(filter(wanted));
        const items = await Promise.all(
          page.items.map((pass) => (chars === "1" ? charsOf(pass) : passView(pass, null))),
        );
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
        const [decisions, reads, clip, registered] = await Promise.all([
          web.passes.decisions(pass.id),
          web.passes.reads(pass.id),
          pass.clipId === null ? null : web.clips.find(pass.clipId),
          registration(pass.plate),
        ]);
        return {
          json: {
            pass: passView(pass, charsIn(pass, reads)),
            decisions: decisions.map(({ passId: _, ...d }) => ({ ...d, evidence: parsed(d.evidence) })),
            reads: reads.map(({ at, text, probability, chars }) => ({ at, text, probability, chars })),
            candidates: candidatesOf(decisions.at(-1), reads.at(-1)),
            replay: replayOf(decisions.at(-1)),
            clip: clip === null ? null : clipView(clip),
            registered,
          },
        };
      },
    }),
    ...(["crop", "enhanced", "frame"] as const).map((kind) =>
      route({
        method: "GET",
        path: `/api/passes/{id}/${kind}.jpg`,
        summary: pictureSummaries[kind],
        group: "passes",
        params,
        query: shapes.absent,
        good: { description: "a JPEG", type: "image/jpeg" },
        refusals: gone,
        handle: async ({ params, query }) => {
          const jpeg = await web.passes.picture(params.id, kind);
          if (jpeg === null && query.absent === "204") return { nothing: true };
          if (jpeg === null)
            throw new Refusal(
              404,
              `No ${kind === "enhanced" ? "enhanced crop" : kind} is kept of pass ${params.id}.`,
            );
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

  async function registration(plate: string) {
    const vehicle = await web.register.findVehicle(plate);
    if (vehicle === null) return null;
    const { make, colour, note, personId } = vehicle;
    const owner =
      personId === null ? undefined : (await web.register.people()).find((p) => p.id === personId);
    return {
      make,
      colour,
      note,
      person: owner === undefined ? null : { name: owner.name, unit: owner.unit },
    };
  }

  async function find(id: string): Promise<PassRecord> {
    const pass = await web.passes.find(id);
    if (pass === null) throw new Refusal(404, `There is no pass ${id}.`);
    return pass;
  }
}

function filter({ plate, ...rest }: { plate?: string | undefined } & Record<string, unknown>): PassFilter {
  const pattern = platePattern(plate ?? "");
  return { ...given(rest), ...(pattern === "" ? {} : { plate: pattern }) };
}

/** The plate as the store compares it, wildcards kept. */
export function platePattern(text: string): string {
  const parts = text.split(/([?*]+)/);
  const pattern = parts.map((part) => (/[?*]/.test(part) ? part : normalisePlate(part))).join("");
  // To look for everything instead would answer a question that nobody asked.
  if (pattern === "" && text.trim() !== "")
    throw new Refusal(400, "The plate has no letter and no digit to look for.");
  return pattern;
}

/** Only what was given: an optional field that is `undefined` is not the same as one that is absent. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
