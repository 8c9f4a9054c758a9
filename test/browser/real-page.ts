import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseConfig } from "../../src/config.js";
import type { PassEntry } from "../../src/core/repositories.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";

const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

/** `plategate run` on the demo clip and simulated lines; `history` is put into its store before it starts. */
export async function startRealPage(history: readonly PassEntry[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "plategate-browser-"));
  const text = `dataFolder: ${folder}/var
web: { port: 0 }
broker: { port: 0 }
recording: { segmentSeconds: 2, preRollMs: 2000, postRollMs: 2000 }
`;
  const file = join(folder, "config.yaml");
  writeFileSync(file, text);
  await remember(history, parseConfig(text));
  const child = spawn(process.execPath, [cli, "run", "--config", file], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const found = /"url":"(http:[^"]+)"/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error("The appliance ended before it had a page.")));
  });
  return {
    url,
    async close() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function remember(
  history: readonly PassEntry[],
  config: ReturnType<typeof parseConfig>,
): Promise<void> {
  if (history.length === 0) return;
  const parts = { config: config.store, folder: config.dataFolder, clock: systemClock, log: silentLog };
  const store = createStore(parts);
  await store.start();
  for (const entry of history) await store.passes.save(entry);
  await store.close();
}
