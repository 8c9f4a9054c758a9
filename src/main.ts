import { createAppliance } from "./appliance/appliance.js";
import type { Config } from "./config.js";
import { systemClock } from "./system/clock.js";
import { createLog } from "./system/log.js";
import { masked } from "./system/masked.js";
import { createNotify } from "./system/notify.js";

/** A stop that takes longer than this is given up: the lines are safe by then. */
const STOP_MS = 15_000;

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
    await appliance.start();
  } catch (error) {
    console.error(`plategate: ${(error as Error).message}`);
    await Promise.race([appliance.close().catch(() => {}), afterStop()]);
    return 1;
  }
  log.info(
    { url: appliance.url(), broker: masked(appliance.brokerUrl()), ...appliance.identity },
    appliance.url() === "" ? "Plategate watches." : `Plategate watches. The page is at ${appliance.url()}.`,
  );
  // The beat itself comes from the gate's loop; an eye that is away is not systemd's business.
  notify.watch(appliance.gate.answers);
  notify.ready();
  const signal = await stopped;
  log.info({ signal }, "Stopping.");
  notify.stopping();
  const clean = await Promise.race([appliance.close().then(() => true), afterStop().then(() => false)]);
  notify.close();
  if (!clean) log.error({}, "Not everything stopped in time; the lines are released.");
  return clean ? 0 : 1;
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => resolve(signal));
  });
}

function afterStop(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, STOP_MS).unref();
  });
}
