import type { Config } from "../config.js";
import type { AccessRule } from "../core/records.js";

/** The plate of the demo clip's resident. */
export const DEMO_PLATE = "PG26DEM";

/**
 * The list of the demo. It lives in memory only and exists only where nothing real can move: the rendered camera
 * with simulated lines.
 */
export function demoRules(config: Config): readonly AccessRule[] {
  const isDemo = config.lines.driver === "simulated" && config.cameras.every((c) => c.source === "demo");
  if (!isDemo) return [];
  return [
    {
      id: "demo-resident",
      plate: DEMO_PLATE,
      effect: "allow",
      owner: "Demo resident",
      group: "residents",
      note: "Only in the demo; never stored.",
      validFrom: "",
      validTo: "",
      schedule: "",
      direction: "any",
      tolerance: 0,
      usesLeft: null,
      antiPassback: "off",
      createdAt: 0,
    },
  ];
}
