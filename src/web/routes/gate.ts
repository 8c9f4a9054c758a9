import { z } from "zod";
import type { WebDeps } from "../ports.js";
import { type Route, route } from "../route.js";

/** What somebody who stands at the gate may say; it moves nothing. */
export function gateRoutes({ gate }: Pick<WebDeps, "gate">): Route[] {
  return [
    route({
      method: "POST",
      path: "/api/gate/area-clear",
      summary:
        "Says that nobody and nothing is under the barrier; one test pulse may follow within a minute.",
      group: "gate",
      good: { description: "noted", shape: z.object({ noted: z.boolean() }) },
      changes: true,
      handle: () => {
        gate.confirmAreaClear("the appliance itself (loopback)");
        return { json: { noted: true } };
      },
    }),
  ];
}
