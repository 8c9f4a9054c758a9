import { parseArgs } from "node:util";
import { openCamera } from "../camera/open.js";
import { type Config, ConfigError, configAt } from "../config.js";
import { type AccessDecision, createAccess } from "../core/access.js";
import { normalisePlate } from "../core/plate.js";
import { type AccessRule, plainRule } from "../core/records.js";
import type { Sighting } from "../core/sighting.js";
import { systemClock } from "../system/clock.js";
import { createLog, type Log } from "../system/log.js";
import { masked } from "../system/masked.js";
import { modelsFolder } from "../vision/models-folder.js";
import { createObserver, type Observer } from "../vision/observer.js";
import { openVision, type Vision } from "../vision/vision.js";

const usage =
  "usage: plategate watch [--json] [--config FILE] [--allow PLATE]… [--deny PLATE]… [--threads N] [--models DIR] [--fps N] VIDEO|URI";

/** One line of `--json`: one vehicle. */
export interface WatchLine {
  plate: string;
  /** Probability that the plate is right. */
  score: number;
  direction: Sighting["direction"];
  /** First and last frame in which it was found, in ms of the film or since the start. */
  firstMs: number;
  lastMs: number;
  /** Frames that were read. */
  frames: number;
  /** What the gate would do, given the settings and the plates of `--allow` and `--deny` as its lists. */
  decision: AccessDecision["verdict"];
  reason: AccessDecision["reason"];
}

/** `plategate watch`: tells the passes of a video or stream. Touches no line and no store. Returns the exit code. */
export async function watchCommand(args: string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") return complain(parsed, 2);
  let vision: Vision;
  try {
    // Weak detections are wanted too: they carry a track over a bad frame.
    const minConfidence = parsed.minConfidence * WEAK;
    vision = await openVision({
      modelsFolder: parsed.models,
      threads: parsed.threads,
      enhance: parsed.enhance,
      minConfidence,
      zone: parsed.zone,
    });
  } catch (error) {
    return complain((error as Error).message, 1);
  }
  const observer = createObserver({
    vision,
    camera: "watch",
    session: "0",
    minConfidence: parsed.minConfidence,
    pictures: false,
  });
  try {
    return await watch(observer, parsed);
  } catch (error) {
    return complain((error as Error).message.split("\n")[0]!, 1);
  } finally {
    await vision.close();
  }
}

/** Share of the configured confidence at which a detection still continues a track. */
export const WEAK = 0.5;

interface Parsed {
  source: string;
  json: boolean;
  threads: number;
  enhance: boolean;
  fps: number;
  models: string;
  minConfidence: number;
  zone: Config["cameras"][number]["zone"];
  decide: (sighting: Sighting) => AccessDecision;
}

async function watch(observer: Observer, { source, fps, json, decide }: Parsed): Promise<number> {
  const log: Log = createLog("silent", "watch");
  const camera = openCamera(
    { source, analysisFps: fps, mode: "watch", recordingFolder: null, segmentSeconds: 10 },
    { clock: systemClock, log },
  );
  const stop = () => void camera.close();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  let startMs: number | null = null;
  let frames = 0;
  const tell = (sightings: readonly Sighting[]) => {
    for (const s of sightings) {
      if (s.phase !== "end") continue;
      const line = toLine(s, startMs ?? 0, decide(s));
      console.log(json ? JSON.stringify(line) : forPeople(line));
    }
  };
  for (let frame = await camera.nextFrame(); frame !== null; frame = await camera.nextFrame()) {
    startMs ??= frame.atMs - frame.mediaMs;
    frames++;
    tell((await observer.observe(frame)).sightings);
  }
  tell(await observer.finish());
  const status = camera.status();
  await camera.close();
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  if (status.problem !== "" || status.state === "failed")
    return complain(status.problem || `${masked(source)}: cannot be watched.`, 1);
  return frames > 0 ? 0 : complain(`${masked(source)}: gave no picture.`, 1);
}

function toLine(s: Sighting, startMs: number, decision: AccessDecision): WatchLine {
  return {
    plate: s.plate,
    score: Number(s.probability.toFixed(4)),
    direction: s.direction,
    firstMs: Math.round(s.firstFrameAtMs - startMs),
    lastMs: Math.round(s.lastFrameAtMs - startMs),
    frames: s.frames,
    decision: decision.verdict,
    reason: decision.reason,
  };
}

function forPeople({
  plate,
  score,
  direction,
  firstMs,
  lastMs,
  frames,
  decision,
  reason,
}: WatchLine): string {
  const span = `${(firstMs / 1000).toFixed(1)} s to ${(lastMs / 1000).toFixed(1)} s`;
  return `${plate} (${(score * 100).toFixed(1)} %) ${direction}, ${span}, ${frames} frames read: ${decision} (${reason})`;
}

function parse(args: string[]): Parsed | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        config: { type: "string" },
        threads: { type: "string" },
        models: { type: "string" },
        fps: { type: "string", default: "60" },
        allow: { type: "string", multiple: true, default: [] },
        deny: { type: "string", multiple: true, default: [] },
      },
    });
    const source = positionals[0];
    if (source === undefined || positionals.length > 1) return usage;
    const config = configAt(values.config);
    const threads = values.threads === undefined ? config.models.threads : Number(values.threads);
    if (!Number.isInteger(threads) || threads < 1 || threads > 16)
      return `--threads ${values.threads}: say a number from 1 to 16.`;
    const fps = Number(values.fps);
    if (!(fps >= 1 && fps <= 240)) return `--fps ${values.fps}: say a number from 1 to 240.`;
    const { minConfidence, zone } = config.cameras[0]!;
    return {
      source,
      json: values.json,
      threads,
      enhance: config.models.enhance,
      fps,
      minConfidence,
      zone,
      models: modelsFolder(values.models ?? config.models.folder),
      decide: decider(config, [
        ...values.allow.map((p) => rule(p, "allow")),
        ...values.deny.map((p) => rule(p, "deny")),
      ]),
    };
  } catch (error) {
    return error instanceof ConfigError
      ? error.message
      : `${(error as Error).message.split("\n")[0]}\n${usage}`;
  }
}

/** Decides as the gate does while its clock is right and nobody has locked it, at the moment of the last frame. */
function decider(config: Config, rules: readonly AccessRule[]): Parsed["decide"] {
  const access = createAccess({ ...config.access, timeZone: config.timeZone });
  const moment = {
    frameAgeMs: 0,
    wallMs: systemClock.wallMs(),
    clockTrusted: true,
    locked: false,
    passages: {},
  };
  return ({ plate, probability, candidates, evidence, direction }) =>
    access.decide(
      {
        plate,
        probability,
        candidates,
        evidence,
        wants: "unknown",
        leaving: direction === "leaving",
        ...moment,
      },
      rules,
    );
}

function rule(plate: string, effect: "allow" | "deny"): AccessRule {
  return { ...plainRule, id: `${effect}-${plate}`, plate: normalisePlate(plate), effect };
}

function complain(sentence: string, code: number): number {
  console.error(sentence);
  return code;
}
