import type { Clock } from "../system/clock.js";
import type { Condition } from "../system/health.js";
import type { Log } from "../system/log.js";

const RETRY_MS = 10_000;

/**
 * The page of a gate. An address that the network has not given yet, or a port that another program took, leaves nobody
 * standing before a closed gate: it is told, and tried again. A gate that is simulated guards nothing and is only looked
 * at, so there it is a reason not to start.
 */
export function createPage({
  web,
  isSimulated,
  clock,
  log,
}: {
  web: { start(): Promise<{ url: string }>; close(): Promise<void> };
  isSimulated: boolean;
  clock: Clock;
  log: Log;
}) {
  let url = "";
  let problem = "";
  let isClosed = false;
  let trying = Promise.resolve();
  let cancelRetry = () => {};

  return {
    /** Rejects only for a simulated gate. */
    start(): Promise<void> {
      trying = attempt();
      return trying;
    },
    /** Where it is; empty while it is nowhere. */
    url: () => url,
    read(): Condition {
      if (problem !== "") return { state: "warning", sentence: `${problem} The gate works without it.` };
      if (url === "") return { state: "unknown", sentence: "Not started yet." };
      return { state: "good", sentence: `At ${url}.` };
    },
    async close(): Promise<void> {
      isClosed = true;
      cancelRetry();
      await trying.catch(() => {});
      await web.close();
    },
  };

  async function attempt(): Promise<void> {
    try {
      ({ url } = await web.start());
      problem = "";
    } catch (error) {
      if (isSimulated) throw error;
      const { message } = error as Error;
      if (message !== problem)
        log.error({ againInMs: RETRY_MS }, `${message} The gate works without it, and tries again.`);
      problem = message;
      if (!isClosed)
        cancelRetry = clock.after(RETRY_MS, () => {
          trying = attempt();
        });
    }
  }
}
