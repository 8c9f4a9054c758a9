import { existsSync, readFileSync } from "node:fs";
import type { Clock } from "./clock.js";
import type { Condition } from "./health.js";

/** No machine that runs this can be earlier than this: a wall clock before it has never been set. */
const BUILT_AT = Date.UTC(2026, 0, 1);
const TIMESYNC_FOLDER = "/run/systemd/timesync";
const LOOK_EVERY_MS = 30_000;

export interface ClockTrust {
  /** False: schedules and dates are not to be relied on. */
  trusted(): boolean;
  read(): Condition;
  close(): void;
}

/** What the machine says of its time. */
export interface TimeFacts {
  exists(path: string): boolean;
  /** Seconds since 1970 of the battery-backed clock; NaN where there is none. */
  batteryClockSeconds(): number;
}

const machine: TimeFacts = {
  exists: existsSync,
  batteryClockSeconds() {
    try {
      return Number(readFileSync("/sys/class/rtc/rtc0/since_epoch", "utf8"));
    } catch {
      return Number.NaN;
    }
  },
};

/**
 * Whether the wall clock can be believed. A board without a battery starts in the past: before the year of the
 * build, or with a time service running that has not reached its server yet, the clock is not trusted; a battery-backed
 * clock that kept the time makes up for a server that is never there.
 */
export function watchClockTrust(clock: Clock, facts: TimeFacts = machine): ClockTrust {
  let sentence = look();
  let cancel = clock.after(LOOK_EVERY_MS, again);

  return {
    trusted: () => sentence === "",
    read: () =>
      sentence === "" ? { state: "good", sentence: "The time is trusted." } : { state: "warning", sentence },
    close: () => cancel(),
  };

  function again(): void {
    sentence = look();
    cancel = clock.after(LOOK_EVERY_MS, again);
  }

  function look(): string {
    if (clock.wallMs() < BUILT_AT)
      return "The clock has never been set: rules with dates and schedules wait for the time.";
    // Looked at twice a minute, off every hot path; /run is memory.
    const waiting = facts.exists(TIMESYNC_FOLDER) && !facts.exists(`${TIMESYNC_FOLDER}/synchronized`);
    if (waiting && !(facts.batteryClockSeconds() * 1000 >= BUILT_AT))
      return "The time service has not reached its server yet: rules with dates and schedules wait for the time.";
    return "";
  }
}
