import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { GateLines } from "./board.js";
import { type LineDriver, LineError } from "./lines.js";
import type { LineConfig } from "./settings.js";
import { createSimulatedLines, type SimulatedLines } from "./simulated.js";
import { simulateArm } from "./simulated-arm.js";

export interface DriverDeps {
  clock: Clock;
  log: Log;
  config: LineConfig;
  lines: GateLines;
}

/** Opens the driver that the configuration names; `auto` takes the first of the board's that works here. */
export async function openDriver(deps: DriverDeps): Promise<LineDriver> {
  const { clock, log, config, lines } = deps;
  if (config.driver !== "auto") return open(config.driver);
  const reasons: string[] = [];
  for (const kind of lines.drivers) {
    try {
      return await open(kind);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      reasons.push(`${kind}: ${error.message}`);
      log.info({ driver: kind }, error.message);
    }
  }
  throw new LineError(`No driver can reach the lines of ${lines.board}:\n  ${reasons.join("\n  ")}`);

  async function open(kind: "onoff" | "chardev" | "simulated"): Promise<LineDriver> {
    switch (kind) {
      case "simulated":
        return withArm(createSimulatedLines(clock));
      case "onoff":
        return (await import("./onoff.js")).createOnoffDriver({ log, lines });
      case "chardev":
        return (await import("./chardev.js")).createChardevDriver({ log, lines });
    }
  }

  /** Simulated lines alone would never answer a pulse: a demonstration needs something that moves. */
  function withArm(simulated: SimulatedLines): LineDriver {
    const arm = simulateArm(simulated, clock);
    return {
      ...simulated,
      close() {
        arm.close();
        simulated.close();
      },
    };
  }
}
