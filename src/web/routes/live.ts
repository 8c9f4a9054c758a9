import { z } from "zod";
import { type createLive, mjpegType } from "../live.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";

const query = z.object({ camera: shapes.cameraName.optional().describe("camera; default: the first one") });

/** Live pictures, with what the eye sees drawn in. */
export function liveRoutes(live: ReturnType<typeof createLive>): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/live.mjpeg",
      summary:
        "Live pictures without end; each part says in X-Age-Ms how old its picture was when it was sent.",
      group: "live",
      query,
      good: { description: "JPEGs", type: mjpegType },
      refusals: { 404: "no such camera", 503: "too many watch" },
      handle: ({ query }) => {
        const camera = live.admit(query.camera);
        return { stream: (out) => live.attach(camera, out), type: mjpegType };
      },
    }),
    route({
      method: "GET",
      path: "/api/live.jpg",
      summary: "One picture as it is now.",
      group: "live",
      query,
      good: { description: "a JPEG", type: "image/jpeg" },
      refusals: { 404: "no such camera", 503: "no picture came" },
      handle: async ({ query }) => {
        const camera = live.admit(query.camera);
        const jpeg = await live.next(camera, 3000);
        if (jpeg === null) throw new Refusal(503, `No picture of camera "${camera}" came within 3 s.`);
        return { bytes: jpeg, type: "image/jpeg" };
      },
    }),
  ];
}
