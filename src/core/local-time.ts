/** A moment on the wall of the gate. */
export interface LocalTime {
  /** `2026-03-29T02:30:00`: compared as text. */
  text: string;
  /** 0 is Monday. */
  weekday: number;
  /** Minutes since local midnight. */
  minutes: number;
}

export interface Calendar {
  /** By its IANA name, also where the machine's own was asked for: another machine is somewhere else. */
  timeZone: string;
  local(wallMs: number): LocalTime;
}

/** Turns wall time into the local time of a zone, as the zone's own rules have it on that day. */
export function createCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-GB", {
    ...(timeZone === "local" ? {} : { timeZone }),
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return {
    timeZone: timeZone === "local" ? nameOf(format) : timeZone,
    local(wallMs) {
      const part: Record<string, string> = {};
      for (const { type, value } of format.formatToParts(wallMs)) part[type] = value;
      const { year = "", month, day, hour = "", minute = "", second, weekday = "" } = part;
      return {
        text: `${year.padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}`,
        weekday: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(weekday),
        minutes: Number(hour) * 60 + Number(minute),
      };
    },
  };
}

/** A machine whose own zone cannot be understood shows UTC, and names none or one that nobody can ask for. */
function nameOf(format: Intl.DateTimeFormat): string {
  const { timeZone = "UTC" } = format.resolvedOptions();
  return timeZone === "Etc/Unknown" ? "UTC" : timeZone;
}

/** A bound of validity: a local text to compare with, or an absolute time where an offset was given. */
export type Moment = { local: string } | { wallMs: number };

/**
 * Reads `2026-03-01`, `2026-03-01 18:30`, `2026-03-01T18:30:00`, and the same with `Z` or `+01:00`.
 * A bare date means its first moment as a start and its last as an end. Null: it is no date.
 */
export function parseMoment(text: string, side: "from" | "to"): Moment | null {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(
      text.trim(),
    );
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, offset] = match;
  const date = `${year}-${month}-${day}`;
  const real = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(real.getTime()) || real.toISOString().slice(0, 10) !== date) return null;
  if (hour === undefined) return { local: side === "from" ? `${date}T00:00:00` : `${date}T23:59:59` };
  const time = `${hour}:${minute}:${second ?? (side === "from" ? "00" : "59")}`;
  if (Number.isNaN(Date.parse(`${date}T${time}Z`)) || hour === "24") return null;
  if (offset === undefined) return { local: `${date}T${time}` };
  const wallMs = Date.parse(`${date}T${time}${side === "to" ? ".999" : ""}${offset}`);
  return Number.isNaN(wallMs) ? null : { wallMs };
}

/** Is `now` before, at or after the moment? Negative: before. */
export function compareMoment(now: { wallMs: number; local: LocalTime }, moment: Moment): number {
  if ("wallMs" in moment) return Math.sign(now.wallMs - moment.wallMs);
  return now.local.text < moment.local ? -1 : now.local.text > moment.local ? 1 : 0;
}
