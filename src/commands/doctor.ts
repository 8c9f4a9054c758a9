import { access, constants, mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { pickEncoder } from "../camera/board.js";
import { loadGstBinding } from "../camera/gstreamer.js";
import { openCamera } from "../camera/open.js";
import type { Config } from "../config.js";
import { inspectLines } from "../gate/inspect.js";
import { createStore } from "../store/store.js";
import { systemClock } from "../system/clock.js";
import { watchClockTrust } from "../system/clock-trust.js";
import type { Condition } from "../system/health.js";
import { silentLog } from "../system/log.js";
import { masked } from "../system/masked.js";
import { modelsFolder } from "../vision/models-folder.js";
import { openVision } from "../vision/vision.js";
import { checkBroker } from "./check-broker.js";
import { configOfGate } from "./config-of-gate.js";
import { folderOwner } from "./folder-owner.js";

const CAMERA_WAIT_MS = 8000;

/**
 * `plategate doctor [--config FILE] [--json]`: what works on this machine. Energises nothing and changes nothing but an empty
 * database that it makes in a folder of its own. Exit code 1 when something is bad.
 */
export async function doctorCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: "string" }, json: { type: "boolean" } } });
  const config = configOfGate(values.config);
  const checks: [name: string, check: () => Promise<Condition>][] = [
    ["Node", node],
    ["GStreamer", gstreamer],
    ...config.cameras.map((c): [string, () => Promise<Condition>] => [
      `Camera ${c.name}`,
      () => camera(c.source),
    ]),
    ["Models", () => models(config)],
    ["Lines", () => lines(config)],
    ["Database", () => database(config)],
    ["Card", () => card(config)],
    ["Page", () => listening(config.web, "web")],
    ["Broker", () => broker(config)],
    ["Clock", clock],
  ];
  let bad = 0;
  const answers: ({ name: string } & Condition)[] = [];
  for (const [name, check] of checks) {
    const condition = await check().catch(
      (error): Condition => ({ state: "bad", sentence: (error as Error).message }),
    );
    if (condition.state === "bad") bad++;
    answers.push({ name, ...condition });
    if (values.json !== true)
      console.log(`${marks[condition.state]} ${name.padEnd(14)} ${condition.sentence}`);
  }
  if (values.json === true) console.log(JSON.stringify(answers, null, 1));
  return bad > 0 ? 1 : 0;
}

const marks = { good: "ok  ", warning: "warn", bad: "BAD ", unknown: "?   " } as const;

async function node(): Promise<Condition> {
  const sentence = `Node ${process.versions.node} on ${process.platform} ${process.arch}.`;
  return { state: Number(process.versions.node.split(".")[0]) >= 20 ? "good" : "bad", sentence };
}

async function gstreamer(): Promise<Condition> {
  const binding = loadGstBinding();
  const needed = [
    "decodebin",
    "h264parse",
    "splitmuxsink",
    "mp4mux",
    "rtspsrc",
    "v4l2src",
    "videorate",
    "appsink",
  ];
  const missing = needed.filter((element) => !binding.has(element));
  if (missing.length > 0) {
    return {
      state: "bad",
      sentence: `${binding.name} works, but GStreamer lacks ${missing.join(", ")}; run hw/bootstrap.sh.`,
    };
  }
  const encoder = pickEncoder(binding);
  if (encoder === null) {
    return {
      state: "warning",
      sentence: `${binding.name}; no H.264 encoder: only cameras that send H.264 or H.265 are recorded.`,
    };
  }
  return { state: "good", sentence: `${binding.name}; cameras without H.264 are encoded by ${encoder}.` };
}

async function camera(source: string): Promise<Condition> {
  const eye = openCamera(
    { source, analysisFps: 15, mode: "run", recordingFolder: null, segmentSeconds: 10 },
    { clock: systemClock, log: silentLog },
  );
  try {
    const frame = await Promise.race([eye.nextFrame(), waited(CAMERA_WAIT_MS)]);
    if (frame !== null)
      return {
        state: "good",
        sentence: `${masked(source)} gives pictures of ${frame.width}×${frame.height}.`,
      };
    const { problem } = eye.status();
    return {
      state: "bad",
      sentence: problem || `${masked(source)} gave no picture within ${CAMERA_WAIT_MS / 1000} s.`,
    };
  } finally {
    await eye.close();
  }
}

async function models(config: Config): Promise<Condition> {
  const vision = await openVision({
    modelsFolder: modelsFolder(config.models.folder),
    threads: config.models.threads,
    enhance: config.models.enhance,
    minConfidence: 0.3,
  });
  try {
    const grey = { width: 1280, height: 720, rgb: new Uint8Array(1280 * 720 * 3).fill(114) };
    await vision.detect(grey);
    const from = systemClock.monotonicMs();
    const runs = 10;
    for (let i = 0; i < runs; i++) await vision.detect(grey);
    const perPicture = (systemClock.monotonicMs() - from) / runs;
    const names = Object.entries(vision.models()).map(([name, version]) => `${name} ${version}`);
    return {
      state: "good",
      sentence: `${names.join(", ")}; ${perPicture.toFixed(1)} ms for an empty 720p picture.`,
    };
  } finally {
    await vision.close();
  }
}

/** Looks where the lines are without opening one: opening an output could be felt by what is wired to it. */
async function lines(config: Config): Promise<Condition> {
  const findings = inspectLines(config.lines);
  const state = (["bad", "warning"] as const).find((s) => findings.some((f) => f.state === s)) ?? "good";
  return { state, sentence: findings.map((f) => f.sentence).join(" ") };
}

async function database(config: Config): Promise<Condition> {
  const folder = resolve(config.dataFolder);
  const give = folderOwner(folder);
  await mkdir(folder, { recursive: true });
  give();
  await access(folder, constants.W_OK);
  const trial = await mkdtemp(resolve(folder, "doctor-"));
  const store = createStore({
    config: config.store,
    folder: trial,
    clock: systemClock,
    log: silentLog,
  });
  try {
    await store.start();
    await store.settings.set("doctor", "was here");
    const { searchOff } = store.status();
    if (searchOff !== "")
      return { state: "warning", sentence: `Writes in ${folder}; the soft search is off: ${searchOff}` };
    return { state: "good", sentence: `Writes in ${folder}; the soft search works.` };
  } finally {
    await store.close();
    await rm(trial, { recursive: true, force: true });
  }
}

async function card(config: Config): Promise<Condition> {
  const { bavail, bsize } = await statfs(resolve(config.dataFolder));
  const free = bavail * bsize;
  const needed = config.recording.minFreeBytes + config.recording.maxBytes;
  const sentence = `${(free / 1e9).toFixed(1)} GB free; the ring may take ${(config.recording.maxBytes / 1e9).toFixed(1)} GB.`;
  return { state: free < needed ? "warning" : "good", sentence };
}

async function broker(config: Config): Promise<Condition> {
  const inside = config.report.url === "embedded" ? await listening(config.broker, "broker") : null;
  const tried = await checkBroker(config);
  const all = [inside, tried].filter((c) => c !== null);
  const state =
    (["bad", "warning", "good"] as const).find((s) => all.some((c) => c.state === s)) ?? "unknown";
  return { state, sentence: all.map((c) => c.sentence).join(" ") };
}

/** Whether page or embedded broker can listen where they are to. */
async function listening(
  { host, port }: { host: string; port: number },
  section: string,
): Promise<Condition> {
  const server = createServer();
  const code = await new Promise<string>((done) => {
    server.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen({ host, port }, () => done(""));
  });
  if (code === "") {
    await new Promise((done) => server.close(done));
    return { state: "good", sentence: `On ${host}:${port}.` };
  }
  if (code !== "EADDRINUSE")
    return {
      state: "bad",
      sentence: `${host}:${port} cannot be listened on (${code}); check ${section}.host and ${section}.port.`,
    };
  return {
    state: "warning",
    sentence: `${host}:${port} is taken: by the appliance, if it is running, or by another program; then stop that or set ${section}.port.`,
  };
}

async function clock(): Promise<Condition> {
  const trust = watchClockTrust(systemClock);
  trust.close();
  return trust.read();
}

function waited(ms: number): Promise<null> {
  return new Promise((done) => {
    setTimeout(() => done(null), ms);
  });
}
