import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Starts it, or starts it again on the same port; fulfils when it answers. */
  start(): Promise<void>;
  /** SIGTERM lets it save what it is set to keep; SIGKILL does not. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: the port accepts, nobody answers. */
  freeze(): void;
  thaw(): void;
  pid(): number | undefined;
  close(): Promise<void>;
}

const PLACES = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/usr/bin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
];

/** Path of a mosquitto on this machine, or null. */
export const mosquittoPath: string | null = PLACES.find((p) => existsSync(p)) ?? null;

/**
 * A real broker on a free port of loopback. `settings` are lines of its configuration file, after the listener;
 * `files` are further files of its folder, by name.
 */
export async function mosquitto(
  settings: readonly string[] = ["allow_anonymous true"],
  files: Readonly<Record<string, readonly string[]>> = {},
): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "plategate-mosquitto-"));
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const user = process.getuid?.() === 0 ? ["user root"] : [];
  const lines = settings.map((line) => line.replaceAll("{folder}", folder));
  writeFileSync(
    file,
    [...user, "per_listener_settings false", `listener ${port} 127.0.0.1`, ...lines, ""].join("\n"),
  );
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), `${content.join("\n")}\n`);
  let child: ChildProcess | null = null;

  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    folder,
    start,
    stop,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    pid: () => child?.pid,
    async close() {
      await stop("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function start(): Promise<void> {
    const mine = spawn(mosquittoPath as string, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    child = mine;
    let said = "";
    mine.stderr?.on("data", (chunk) => {
      said = (said + chunk).slice(-4000);
    });
    while (!(await answers(port))) {
      if (mine.exitCode !== null) throw new Error(`mosquitto ended with ${mine.exitCode}: ${said}`);
    }
  }

  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const old = child;
    child = null;
    if (old === null || old.exitCode !== null || old.signalCode !== null) return;
    const gone = new Promise((resolve) => old.once("exit", resolve));
    old.kill(signal);
    await gone;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => setTimeout(() => resolve(false), 10));
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
