import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "./clock.js";
import type { Log } from "./log.js";

export interface NotifyDeps {
  clock: Clock;
  log: Log;
  /** NOTIFY_SOCKET and WATCHDOG_USEC as systemd sets them. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** What systemd hears of this service. Without systemd every call does nothing. */
export interface Notify {
  /** The start goes on and takes long: systemd waits for five more minutes from now. */
  extendStart(): void;
  /** The gate answers now; the beats of the watchdog begin. */
  ready(): void;
  /** One line for `systemctl status`. */
  status(sentence: string): void;
  /** From now on a beat is sent only while `answers` says so. */
  watch(answers: () => boolean): void;
  stopping(): void;
  /**
   * Why the service ends by itself, also for `systemctl status`. Fulfils after `stayMs`, without systemd at once: of a sender
   * that is gone systemd takes nothing, and what ends at once is started again at once.
   */
  failed(sentence: string, stayMs?: number): Promise<void>;
  close(): void;
}

const HELPER = fileURLToPath(new URL("../../../hw/helpers/sd-notify.pl", import.meta.url));
/** Beats within the time that systemd waits: one may be lost. */
const BEATS = 3;
const EXTENSION_US = 300_000_000;
const LAST_WORD_MS = 500;
/** systemd throws away a message of more than 4096 bytes. */
const MOST_STATUS = 1000;

export function createNotify({ clock, log, env = process.env }: NotifyDeps): Notify {
  const socket = env.NOTIFY_SOCKET;
  if (socket === undefined || socket === "") return silent;
  const child = spawn("perl", [HELPER, socket], { stdio: ["pipe", "ignore", "inherit"], detached: true });
  child.unref();
  child.on("error", (error) =>
    log.error({ error: error.message }, "systemd cannot be told anything: perl is missing."),
  );
  child.stdin.on("error", () => {});
  child.on("exit", (code) => {
    if (!closed)
      log.error({ code }, "The helper that speaks to systemd ended; systemd will restart the service.");
  });
  const everyMs = Number(env.WATCHDOG_USEC ?? 0) / 1000 / BEATS;
  let answers: () => boolean = () => true;
  let cancelBeat = () => {};
  let closed = false;
  let missed = false;

  return {
    extendStart: () => send(`EXTEND_TIMEOUT_USEC=${EXTENSION_US}`),
    ready() {
      send("READY=1");
      if (everyMs > 0) beat();
    },
    status,
    watch(check) {
      answers = check;
    },
    stopping: () => send("STOPPING=1"),
    async failed(sentence, stayMs = LAST_WORD_MS) {
      status(sentence);
      await new Promise<void>((resolve) => clock.after(stayMs, resolve));
      close();
    },
    close,
  };

  function status(sentence: string): void {
    send(`STATUS=${sentence.replaceAll(/\s+/g, " ").slice(0, MOST_STATUS)}`);
  }

  function close(): void {
    closed = true;
    cancelBeat();
    child.stdin.end();
  }

  function beat(): void {
    const well = answers();
    if (well) send("WATCHDOG=1");
    else if (!missed) log.error({}, "The gate does not answer; systemd gets no beat.");
    missed = !well;
    cancelBeat = clock.after(everyMs, beat);
  }

  function send(line: string): void {
    if (!closed) child.stdin.write(`${line}\n`);
  }
}

const silent: Notify = {
  extendStart: () => {},
  ready: () => {},
  status: () => {},
  watch: () => {},
  stopping: () => {},
  failed: async () => {},
  close: () => {},
};
