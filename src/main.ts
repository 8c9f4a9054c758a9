import { type Appliance, createAppliance } from "./appliance/appliance.js";
import type { Config } from "./config.js";
import { systemClock } from "./system/clock.js";
import { createLog } from "./system/log.js";
import { masked } from "./system/masked.js";
import { createNotify } from "./system/notify.js";

/** A stop that takes longer than this is given up: the lines are safe by then. */
const STOP_MS = 15_000;
/** The log is written by another thread, so as to hold up nothing: its last line would be lost with the process. */
const LAST_WORD_MS = 500;
/** A start that failed is made again by systemd, but not every second: each one fills the journal. */
const FAILED_START_MS = 9000;

/** Runs the appliance until it is told to stop; the exit code. A start that fails says why in one sentence. */
export async function runAppliance(config: Config): Promise<number> {
  const log = createLog(config.log.level, "main");
  const notify = createNotify({ clock: systemClock, log });
  const appliance = createAppliance({
    config,
    clock: systemClock,
    log,
    onSlowStart: notify.extendStart,
  });
  const stopped = stopSignal();
  try {
    // A start that a stalled card draws out is not waited for: systemd would kill what it is writing.
    const isStarted = await Promise.race([appliance.start().then(() => true), stopped.then(() => false)]);
    if (isStarted) {
      log.info(
        { url: appliance.url(), broker: masked(appliance.brokerUrl()), ...appliance.identity },
        appliance.url() === ""
          ? "Plategate watches."
          : `Plategate watches. The page is at ${appliance.url()}.`,
      );
      // The beat itself comes from the gate's loop; an eye that is away is not systemd's business.
      notify.watch(appliance.gate.answers);
      notify.ready();
    }
  } catch (error) {
    const { message } = error as Error;
    console.error(`plategate: ${message}`);
    await stop(appliance).catch(() => {});
    await Promise.race([notify.failed(message, FAILED_START_MS), stopped]);
    return 1;
  }
  const signal = await stopped;
  log.info({ signal }, "Stopping.");
  notify.stopping();
  await stop(appliance, () => log.error({}, "Not everything stopped in time; the lines are released."));
  notify.close();
  return 0;
}

/** Stops it. What a stalled card holds in the kernel would keep even an exit waiting for ever: then the process is killed. */
async function stop(appliance: Appliance, onLate = () => {}): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const isLate = new Promise<true>((resolve) => {
    late = setTimeout(() => resolve(true), STOP_MS);
  });
  try {
    if ((await Promise.race([appliance.close(), isLate])) !== true) return;
  } finally {
    clearTimeout(late);
  }
  onLate();
  await new Promise((resolve) => setTimeout(resolve, LAST_WORD_MS));
  process.kill(process.pid, "SIGKILL");
}

/** The first one counts. Those that follow, as when a terminal is closed, must not cut off the stop, which has an end of its own. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
  });
}
