import { type DestinationStream, pino } from "pino";

export interface Log {
  debug(facts: object, sentence: string): void;
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
  /** The same log; what it says carries these facts as well. A fact of the same name is replaced. */
  child(facts: object): Log;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** One JSON line per entry on standard output, where the journal picks it up, or into `destination`. */
export function createLog(level: LogLevel, part: string, destination?: DestinationStream): Log {
  const root = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  // A child of a child would write a fact that both have twice into its line.
  const withFacts = (facts: object): Log => {
    const log = root.child(facts);
    return {
      debug: log.debug.bind(log),
      info: log.info.bind(log),
      warn: log.warn.bind(log),
      error: log.error.bind(log),
      child: (more) => withFacts({ ...facts, ...more }),
    };
  };
  return withFacts({ part });
}

/** For tests and for code that runs before there is a log. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
