import { createAppliance } from "../../src/appliance/appliance.js";
import { parseConfig } from "../../src/config.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import type { Clock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";

/** An appliance with simulated lines and a camera that never comes, its page and broker on free ports. */
export function bareAppliance(dataFolder: string, clock: Clock) {
  return createAppliance({
    config: parseConfig(`dataFolder: ${dataFolder}
log: { level: silent }
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: { port: 0 }
broker: { port: 0 }`),
    clock,
    log: silentLog,
    openLines: async () => createSimulatedLines(clock),
  });
}
