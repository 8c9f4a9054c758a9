import type { LocalTime } from "./local-time.js";

/** A weekly window in local time. It starts on `days` and may end after midnight (`to` above 1440). */
export interface ScheduleWindow {
  /** Seven flags, Monday first. */
  days: readonly boolean[];
  /** Minutes since local midnight; the end is not part of the window. */
  from: number;
  to: number;
}

const DAYS = ["mo", "tu", "we", "th", "fr", "sa", "su"];

/**
 * Reads windows such as `mo-fr 07:00-18:30, sa,su 09:00-12:00` or `22:00-06:00` (every day, over midnight).
 * Windows are parted by `,` or `;`. One without days is for the days of the window before it, as in
 * `mo-fr 07:00-12:00, 13:00-18:00`; for every day if none were named yet. Empty text: always. A problem is a sentence.
 */
export function parseSchedule(text: string): { windows: readonly ScheduleWindow[] } | { problem: string } {
  const windows: ScheduleWindow[] = [];
  let waiting: string[] = [];
  let days: readonly boolean[] = new Array<boolean>(7).fill(true);
  for (const raw of text.toLowerCase().split(/[,;]/)) {
    const part = raw.trim();
    if (part === "") {
      if (text.trim() === "") break;
      return { problem: `the schedule “${text}” has an empty part; write windows such as mo-fr 07:00-18:30` };
    }
    const match =
      /^((?:[a-z]{2,9})(?:\s*-\s*[a-z]{2,9})?)?\s*(?:(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d))?$/.exec(part);
    if (match === null || part === "") return { problem: `“${part}” is no window; write mo-fr 07:00-18:30` };
    const [, dayText, h1, m1, h2, m2] = match;
    if (dayText !== undefined) waiting.push(dayText);
    if (h1 === undefined) continue;
    const named = waiting.length === 0 ? days : daysOf(waiting);
    if (named === null) return { problem: `“${waiting.join(",")}” names no days; use mo tu we th fr sa su` };
    days = named;
    waiting = [];
    const from = Number(h1) * 60 + Number(m1);
    let to = Number(h2) * 60 + Number(m2);
    if (Number(m1) > 59 || Number(m2) > 59 || from >= 1440 || to > 1440)
      return { problem: `“${part}” is no time of day; use 00:00 to 24:00` };
    if (to === from) return { problem: `“${part}” is empty; for a whole day write 00:00-24:00` };
    if (to < from) to += 1440;
    windows.push({ days, from, to });
  }
  if (waiting.length > 0) {
    const named = daysOf(waiting);
    if (named === null) return { problem: `“${waiting.join(",")}” names no days; use mo tu we th fr sa su` };
    windows.push({ days: named, from: 0, to: 1440 });
  }
  return { windows };
}

/** Is the local time in one of the windows? No windows: always. */
export function isInside(windows: readonly ScheduleWindow[], now: LocalTime): boolean {
  if (windows.length === 0) return true;
  const yesterday = (now.weekday + 6) % 7;
  return windows.some(
    ({ days, from, to }) =>
      (days[now.weekday] === true && now.minutes >= from && now.minutes < to) ||
      (days[yesterday] === true && now.minutes + 1440 < to),
  );
}

function daysOf(parts: readonly string[]): readonly boolean[] | null {
  const days = new Array<boolean>(7).fill(false);
  for (const part of parts) {
    const [first = "", last = first] = part.split("-").map((d) => d.trim());
    const from = dayIndex(first);
    const to = dayIndex(last);
    if (from < 0 || to < 0) return null;
    for (let d = from; ; d = (d + 1) % 7) {
      days[d] = true;
      if (d === to) break;
    }
  }
  return days;
}

const LONG = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

function dayIndex(word: string): number {
  return DAYS.findIndex((d, i) => word === d || (word.length >= 3 && (LONG[i] ?? "").startsWith(word)));
}
