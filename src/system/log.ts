import { pino } from "pino";

export interface Log {
  debug(facts: object, sentence: string): void;
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
  child(facts: object): Log;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** One JSON line per entry on standard output, where the journal picks it up. */
export function createLog(level: LogLevel, part: string): Log {
  return pino({ level, base: { part }, timestamp: pino.stdTimeFunctions.isoTime });
}

/** For tests and for code that runs before there is a log. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
