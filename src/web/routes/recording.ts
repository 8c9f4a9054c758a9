import { z } from "zod";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";
import { clipView } from "../views.js";

const params = z.object({ camera: shapes.cameraName });

/** The recorder: how full the ring is, and recordings started by hand. */
export function recordingRoutes(web: Pick<WebDeps, "recording" | "live">): Route[] {
  const { recording } = web;
  return [
    route({
      method: "GET",
      path: "/api/recording",
      summary: "Space used and left, and recordings started by hand.",
      group: "video",
      good: { description: "the storage status", shape: shapes.storage },
      handle: async () => ({
        json: {
          ...(await recording.storage()),
          manual: recording.manual?.active() ?? [],
          canRecordByHand: recording.manual !== undefined,
        },
      }),
    }),
    route({
      method: "POST",
      path: "/api/recording/{camera}/start",
      summary: "Starts a recording by hand.",
      group: "video",
      changes: true,
      params,
      good: { status: 201, description: "the recording that was started", shape: shapes.manual },
      refusals: { 404: "no such camera", 409: "one is going on already", 501: "not on this appliance" },
      handle: async ({ params }) => {
        const manual = byHand(params.camera);
        if (manual.active().some((m) => m.camera === params.camera))
          throw new Refusal(409, `Camera "${params.camera}" is being recorded by hand already.`);
        return { json: await manual.start(params.camera), status: 201 };
      },
    }),
    route({
      method: "POST",
      path: "/api/recording/{camera}/stop",
      summary: "Ends the recording by hand and keeps it as a clip.",
      group: "video",
      changes: true,
      params,
      good: { description: "the clip", shape: shapes.clip },
      refusals: {
        404: "no such camera",
        409: "none is going on",
        503: "no video came from the camera",
        501: "not on this appliance",
      },
      handle: async ({ params }) => {
        const manual = byHand(params.camera);
        if (!manual.active().some((m) => m.camera === params.camera))
          throw new Refusal(409, `Camera "${params.camera}" is not being recorded by hand.`);
        const clip = await manual.stop(params.camera);
        if (clip === null)
          throw new Refusal(503, `There is no video of camera "${params.camera}" from that time.`);
        return { json: clipView(clip) };
      },
    }),
  ];

  function byHand(camera: string) {
    if (!web.live.cameras().some((c) => c.name === camera))
      throw new Refusal(404, `There is no camera "${camera}".`);
    if (recording.manual === undefined) throw new Refusal(501, "This appliance does not record by hand.");
    return recording.manual;
  }
}
