import type { BarrierSettings, InputName, OutputName } from "../core/barrier-types.js";
import type { GateLines } from "./board.js";
import type { BarrierConfig } from "./settings.js";

/** What the barrier machine has to know of configuration and wiring. */
export function barrierSettingsOf(config: BarrierConfig, lines: GateLines): BarrierSettings {
  const inputs = Object.keys(lines.inputs) as InputName[];
  return {
    pulseMs: config.pulseMs,
    holdOffMs: config.holdOffMs,
    openMs: config.openMs,
    travelMs: config.travelMs,
    assumeOpenMs: config.assumeOpenMs,
    autoClose: config.autoClose,
    warnMs: config.warnMs,
    maxHoldMs: config.maxHoldMs,
    fireClearMs: config.fireClearMs,
    heldOpenMs: config.heldOpenAlarmMs,
    presenceWaitMs: config.presenceWaitMs,
    stuckInputMs: config.stuckInputMs,
    // Running dry, no contact will ever answer: without this every grant would end in a fault.
    inputs: config.dryRun ? inputs.filter((name) => name !== "closed" && name !== "open") : inputs,
    outputs: Object.keys(lines.outputs) as OutputName[],
  };
}
