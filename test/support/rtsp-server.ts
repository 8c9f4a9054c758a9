import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface RtspServer {
  url: string;
  port: number;
  pid: number;
  /** Ends it as a power cut would. */
  close(): Promise<void>;
}

/** False where Debian's RTSP server packages are not installed. */
export function hasRtspServer(): boolean {
  const ask =
    'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer';
  return spawnSync("/usr/bin/python3", ["-c", ask], { stdio: "ignore" }).status === 0;
}

/** Serves `ball`, `ball265`, `jpeg`, `sound` or an MP4 file at a port; 0: any free one. */
export async function serveRtsp(
  what: string,
  port = 0,
  account: readonly [string, string] | [] = [],
): Promise<RtspServer> {
  const script = fileURLToPath(new URL("../../../test/support/rtsp-server.py", import.meta.url));
  const child = spawn("/usr/bin/python3", [script, String(port), what, ...account], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      const ready = /ready (\S+)/.exec(said)?.[1];
      if (ready !== undefined) resolve(ready);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", () => reject(new Error(`the RTSP server ended: ${said}`)));
  });
  const gone = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid!,
    close() {
      child.kill("SIGKILL");
      return gone;
    },
  };
}
