/** How times, sizes and probabilities are said to people. Times are ms since 1970 UTC. */
const clockTime = new Intl.DateTimeFormat([], {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const shortDay = new Intl.DateTimeFormat([], { weekday: "short", day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat([], {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});

export const timeOf = (at) => clockTime.format(at);
export const dayAndTime = (at) => `${longDay.format(at)}, ${clockTime.format(at)}`;

/** `14:03:22` today, `Mon 5 Jan` before. */
export function dayOf(at, now = Date.now()) {
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  return days === 0 ? "today" : days === 1 ? "yesterday" : shortDay.format(at);
}

/** When something was or will be: `14:03:22` today, `Mon 5 Jan 14:03:22` else. */
export function momentOf(at) {
  const day = dayOf(at);
  return day === "today" ? timeOf(at) : `${day} ${timeOf(at)}`;
}

/** `12 s`, `3 min`, `2 h 5 min`, `4 days`. */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return `${days} day${days === 1 ? "" : "s"}`;
}

export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = n;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Never `100 %`: nothing that was read is certain. */
export function percent(p) {
  if (p >= 0.9995) return ">99.9 %";
  if (p >= 0.99) return `${(Math.floor(p * 1000) / 10).toFixed(1)} %`;
  return p < 0.01 ? "<1 %" : `${Math.floor(p * 100)} %`;
}

export const directions = { approaching: "approaching", leaving: "leaving", unknown: "direction unknown" };
export const verdicts = { granted: "Granted", denied: "Denied", ask: "Ask" };

function midnight(at) {
  const day = new Date(at);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}
