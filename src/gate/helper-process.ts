import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LineError } from "./lines.js";

/** A small program beside this one that is told and tells one line of text at a time. */
export interface HelperProcess {
  send(line: string): void;
  onLine(listener: (line: string) => void): void;
  /** Called once when it is gone without having been closed. */
  onLost(listener: (sentence: string) => void): void;
  /** Ends it by closing its input; one that does not end by that is killed. */
  close(): void;
  pid: number | undefined;
}

/** A helper releases its lines and ends within milliseconds; one that hangs would keep them from the next one. */
const END_MS = 2000;

const HELPERS_FOLDER = fileURLToPath(new URL("../../../hw/helpers/", import.meta.url));

/** Starts a Perl program of hw/helpers: perl-base is on every Debian, and needs no module for this. */
export function startHelper(script: string, args: readonly string[] = []): HelperProcess {
  const path = HELPERS_FOLDER + script;
  if (!existsSync(path)) throw new LineError(`The helper ${path} is missing; install Plategate again.`);
  // In a group of its own: a Ctrl-C for the gate must not take away the one who releases the lines after it.
  const child: ChildProcess = spawn("perl", [path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const listeners: ((line: string) => void)[] = [];
  const lostListeners: ((sentence: string) => void)[] = [];
  let closed = false;
  let rest = "";
  child.stdout?.setEncoding("utf8");
  child.stdout?.on("data", (chunk: string) => {
    rest += chunk;
    for (let at = rest.indexOf("\n"); at >= 0; at = rest.indexOf("\n")) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 1);
      for (const listener of listeners) listener(line);
    }
  });
  child.stdin?.on("error", () => {});
  child.on("error", (error) => lost(`perl could not be started (${error.message}); install perl-base.`));
  child.on("exit", (code, signal) => lost(`the helper ${script} ended (${signal ?? `code ${code}`}).`));
  // It must not keep this process alive.
  child.unref();

  return {
    pid: child.pid,
    send(line) {
      if (!closed) child.stdin?.write(`${line}\n`);
    },
    onLine: (listener) => void listeners.push(listener),
    onLost: (listener) => void lostListeners.push(listener),
    close() {
      closed = true;
      child.stdin?.end();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const kill = setTimeout(() => child.kill("SIGKILL"), END_MS);
      kill.unref();
      child.once("exit", () => clearTimeout(kill));
    },
  };

  function lost(sentence: string): void {
    if (closed) return;
    closed = true;
    for (const listener of lostListeners) listener(sentence);
  }
}
