/**
 * The line to the appliance: server-sent events that come back by themselves. The appliance beats every five seconds;
 * when nothing was heard for twelve, the line is lost, whatever the browser believes of the connection.
 * `on` has a function for each event and `state(alive, sinceMs)`.
 */
export function openLink(on) {
  const SILENT_MS = 12_000;
  let source = null;
  let heardAt = performance.now();
  let alive = null;
  let lostAt = null;

  open();
  setInterval(watch, 1000);
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : open()));

  /** Browsers allow six connections to a host: a page nobody looks at gives its own back. It misses what happens meanwhile. */
  function rest() {
    shut();
    alive = null;
  }

  function open() {
    if (source !== null) return;
    heardAt = performance.now();
    source = new EventSource("/api/events");
    for (const type of ["status", "pass", "clip", "sighting", "beat"]) {
      source.addEventListener(type, (event) => {
        heard();
        on[type]?.(JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => {
      say(false);
      // The browser retries a broken connection, but not a refused one.
      if (source?.readyState === EventSource.CLOSED) {
        shut();
        setTimeout(() => document.hidden || open(), 3000);
      }
    });
  }

  function shut() {
    source?.close();
    source = null;
  }

  function heard() {
    heardAt = performance.now();
    say(true);
  }

  function watch() {
    if (document.hidden || source === null || performance.now() - heardAt < SILENT_MS) return;
    say(false);
    shut();
    open();
  }

  function say(now) {
    if (now === alive) return;
    alive = now;
    lostAt = now ? null : Date.now();
    on.state(now, lostAt);
  }
}
