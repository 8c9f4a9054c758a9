import type { Config } from "../config.js";
import { type AccessRule, plainRule } from "../core/records.js";

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
      ...plainRule,
      id: "demo-resident",
      plate: DEMO_PLATE,
      owner: "Demo resident",
      group: "residents",
      note: "Only in the demo; never stored.",
    },
  ];
}
