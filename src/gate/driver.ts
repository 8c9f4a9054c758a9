import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { boardNames, type GateLines } from "./board.js";
import { holdLines } from "./hold-lines.js";
import { type LineDriver, LineError } from "./lines.js";
import { releaseList } from "./releases.js";
import type { LineConfig } from "./settings.js";
import { createSimulatedLines, type SimulatedLines } from "./simulated.js";
import { simulateArm } from "./simulated-arm.js";

export interface DriverDeps {
  clock: Clock;
  log: Log;
  config: LineConfig;
  lines: GateLines;
  /** Where the list for hw/release-lines.sh goes; default: systemd's RUNTIME_DIRECTORY, and nowhere without it. */
  runtimeFolder?: string | undefined;
  /** For tests: another name than the machine's under which its lines are held. */
  heldAs?: string;
}

/** Opens the driver that the configuration names; `auto` takes the first of the board's that works here. */
export async function openDriver(deps: DriverDeps): Promise<LineDriver> {
  const { clock, log, config, lines } = deps;
  if (config.driver !== "auto") return open(config.driver);
  // Else a real gate would be told to open, and be said to be open, while nothing moves.
  const realBoards = boardNames().filter((name) => name !== "simulated");
  if (lines.drivers.every((kind) => kind === "simulated"))
    throw new LineError(
      `lines.driver is auto, but ${lines.board} has no real lines; set lines.board to the board of this machine: ${realBoards.join(", ")}.`,
    );
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
        return alone(kind, async () => (await import("./onoff.js")).createOnoffDriver({ log, lines }));
      case "chardev":
        return alone(kind, async () => (await import("./chardev.js")).createChardevDriver({ log, lines }));
    }
  }

  async function alone(kind: "onoff" | "chardev", create: () => Promise<LineDriver>): Promise<LineDriver> {
    const giveBack = await holdLines(deps.heldAs);
    try {
      const driver = await create();
      writeReleases(kind);
      return {
        ...driver,
        close() {
          driver.close();
          giveBack();
        },
      };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Before anything is energised it is on record how to release it without us. */
  function writeReleases(kind: "onoff" | "chardev"): void {
    const folder = "runtimeFolder" in deps ? deps.runtimeFolder : process.env.RUNTIME_DIRECTORY;
    if (folder === undefined || folder === "") return;
    writeFileSync(join(folder, "lines"), releaseList(kind, lines));
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
