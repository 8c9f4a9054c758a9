import { z } from "zod";
import type { ClipRecord } from "../../core/records.js";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";
import { clipView } from "../views.js";
import { given, platePattern, plateQuery } from "./passes.js";

const params = z.object({ id: shapes.id });
const gone = { 404: "no such clip" };

/** The video API: clips with their files, and what may be done with them. */
export function clipRoutes(web: Pick<WebDeps, "passes" | "clips" | "recording" | "log">): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/clips",
      summary: "Clips, newest first.",
      group: "video",
      query: z.object({
        camera: shapes.cameraName.optional(),
        passId: shapes.id.optional(),
        plate: plateQuery.optional(),
        pinned: z.enum(["true", "false"]).optional(),
        kind: shapes.clipKind.optional(),
        ...shapes.listQuery,
      }),
      good: { description: "one page of clips", shape: shapes.page(shapes.clip) },
      handle: async ({ query }) => {
        const { pinned, plate, ...rest } = query;
        const page = await web.clips.list({
          ...given(rest),
          ...(pinned === undefined ? {} : { pinned: pinned === "true" }),
          ...(plate === undefined ? {} : { plate: platePattern(plate) }),
        });
        return { json: { items: page.items.map(clipView), next: page.next } };
      },
    }),
    route({
      method: "GET",
      path: "/api/clips/{id}",
      summary: "What is known of one clip.",
      group: "video",
      params,
      good: { description: "the clip", shape: shapes.clip },
      refusals: gone,
      handle: async ({ params }) => ({ json: clipView(await find(params.id)) }),
    }),
    route({
      method: "GET",
      path: "/api/clips/{id}/video.mp4",
      summary: "The video, with byte ranges.",
      group: "video",
      params,
      query: z.object({
        download: z.enum(["0", "1"]).default("0").describe("1: to be saved, with a telling name"),
      }),
      good: { description: "a fragmented MP4", type: "video/mp4" },
      refusals: { ...gone, 416: "no such range" },
      handle: async ({ params, query }) => {
        const clip = await find(params.id);
        const file = { file: clip.path, folder: web.recording.folder, type: "video/mp4" };
        return query.download === "1" ? { ...file, download: fileName(clip) } : file;
      },
    }),
    route({
      method: "GET",
      path: "/api/clips/{id}/poster.jpg",
      summary: "A picture of the clip.",
      group: "video",
      params,
      query: shapes.absent,
      good: { description: "a JPEG", type: "image/jpeg" },
      refusals: gone,
      handle: async ({ params, query }) => {
        const clip = await find(params.id);
        const own = await web.recording.poster?.(clip);
        const jpeg = own ?? (clip.passId === null ? null : await web.passes.picture(clip.passId, "frame"));
        if (jpeg === null && query.absent === "204") return { nothing: true };
        if (jpeg === null) throw new Refusal(404, `There is no picture of clip ${clip.id}.`);
        return { bytes: jpeg, type: "image/jpeg" };
      },
    }),
    ...(["pin", "unpin"] as const).map((what) =>
      route({
        method: "POST",
        path: `/api/clips/{id}/${what}`,
        summary: what === "pin" ? "Keeps the clip for good." : "Lets the clip go when space is needed.",
        group: "video",
        changes: true,
        params,
        good: { description: "the clip as it is now", shape: shapes.clip },
        refusals: gone,
        handle: async ({ params }) => {
          await find(params.id);
          await web.clips.pin(params.id, what === "pin");
          return { json: clipView(await find(params.id)) };
        },
      }),
    ),
    route({
      method: "DELETE",
      path: "/api/clips/{id}",
      summary: "Removes the clip and its file; a pinned one must be unpinned first.",
      group: "video",
      changes: true,
      params,
      good: { description: "what was removed", shape: shapes.clip },
      refusals: { ...gone, 409: "it is pinned" },
      handle: async ({ params }) => {
        const clip = await find(params.id);
        if (clip.pinned) throw new Refusal(409, `Clip ${clip.id} is pinned; unpin it first.`);
        const removed = await web.recording.removeClip(clip.id);
        if (removed === null) throw new Refusal(404, `There is no clip ${params.id}.`);
        web.log.info({ clip: clip.id }, "A clip was removed over HTTP.");
        return { json: clipView(removed) };
      },
    }),
  ];

  async function find(id: string): Promise<ClipRecord> {
    const clip = await web.clips.find(id);
    if (clip === null) throw new Refusal(404, `There is no clip ${id}.`);
    return clip;
  }
}

/** `front-2026-01-05T12-00-00Z.mp4` */
function fileName(clip: ClipRecord): string {
  return `${clip.camera}-${new Date(clip.startedAt)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-")}.mp4`;
}
