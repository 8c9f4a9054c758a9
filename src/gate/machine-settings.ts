import type { BarrierSettings, InputName, OutputName } from "../core/barrier-types.js";
import type { GateLines } from "./board.js";
import { LineError } from "./lines.js";
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

/** Throws for settings that need a line which is not wired: better said at the start than found out at the barrier. */
export function unusable(barrier: BarrierConfig, lines: GateLines): void {
  if (barrier.autoClose && lines.outputs.close === undefined)
    throw new LineError(
      "barrier.autoClose is on, but no close line is wired; write lines.outputs.close: {} or autoClose: false.",
    );
  if (barrier.presenceWaitMs > 0 && lines.inputs.presence === undefined)
    throw new LineError(
      "barrier.presenceWaitMs asks for a presence loop, but none is wired; write lines.inputs.presence: {} or presenceWaitMs: 0.",
    );
}
