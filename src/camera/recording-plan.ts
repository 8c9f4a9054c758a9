import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { pickEncoder } from "./board.js";
import type { GstBinding, GstTrouble } from "./gstreamer.js";
import { type Encoder, type PipelineOptions, type RecordHow, waysToRecord } from "./pipelines.js";
import { isRecordingProblem } from "./problems.js";
import type { Recorder } from "./recorder.js";
import type { Source } from "./source.js";

/** How long nothing is recorded after the card or the encoder failed, in ms. */
const pauseMs = 60_000;
/** A card that does not answer within this time hangs, and the pictures go on without it. */
const patienceMs = 2000;

export interface RecordingPlanDeps {
  clock: Clock;
  log: Log;
  binding: GstBinding;
  recorder: Recorder | null;
}

/**
 * Decides for each run of the pipeline whether and how it records, so that a full card or a codec that MP4 cannot hold
 * never costs the pictures: the camera's own stream, else encoded here, else nothing for a minute.
 */
export function createRecordingPlan({ clock, log, binding, recorder }: RecordingPlanDeps) {
  /** Which of the source's ways is tried or has proved right. */
  let way = 0;
  /** Ways that did not fit since pictures came last. */
  const unfit = new Set<number>();
  let ways: readonly RecordHow[] = [];
  let problem = "";
  let recording = false;
  /** The pause is over, and nothing that could be seen beforehand stands in the way. */
  let isDue = false;
  let cancelPause = () => {};
  /** Asked once at a time: each question to a card that hangs holds a thread of the pool. */
  let asking: Promise<string> | null = null;

  return {
    problem: () => problem,
    /**
     * True when a pause is over and the recording can begin: the pipeline should be opened anew. Not before, for that costs
     * pictures.
     */
    due: () => isDue && !recording,
    async next(source: Source): Promise<{ record: PipelineOptions["record"]; recorder: Recorder | null }> {
      recording = false;
      const none = { record: null, recorder: null };
      if (recorder === null || (problem !== "" && !isDue)) return none;
      ways = waysToRecord(source);
      const why = await obstacle(recorder);
      const encoder = encoderNeeded();
      if (why !== "" || encoder === null) {
        pause(why);
        return none;
      }
      recording = true;
      isDue = false;
      return { record: { how: ways[way]!, encoder }, recorder };
    },
    /** A frame came through while recording. */
    works(): void {
      if (recording) problem = "";
      unfit.clear();
    },
    /**
     * Takes note of an error of a run that gave `frames`. True: it was about the recording, the next run goes another
     * way or without it, and there is no reason to wait.
     */
    blames(message: GstTrouble, frames: number): boolean {
      if (!recording) return false;
      if (
        frames === 0 &&
        ways.length > 1 &&
        /not-negotiated|not-linked|could not link/i.test(message.detail)
      ) {
        unfit.add(way);
        // From the best one anew: the camera may have been set to another codec.
        const next = ways.findIndex((_, n) => !unfit.has(n));
        way = Math.max(0, next);
        log.info({ next: ways[way] }, "The camera's stream cannot be recorded like this.");
        if (next >= 0) return true;
        // None fits: the source itself must be at fault.
        unfit.clear();
        return false;
      }
      if (!isRecordingProblem(message)) return false;
      pause(
        /space/i.test(message.text + message.detail)
          ? "there is no space left"
          : message.text.replace(/\.$/, ""),
      );
      return true;
    },
    close: () => cancelPause(),
  };

  /** Why nothing can be recorded now, without a full stop; empty where nothing is known against it. */
  async function obstacle(recorder: Recorder): Promise<string> {
    if (encoderNeeded() === null)
      return "this machine has no H.264 encoder; install gstreamer1.0-plugins-ugly";
    asking ??= recorder
      .recover()
      .then(
        () => "",
        (error: Error) => `the folder for video cannot be written (${error.message})`,
      )
      .finally(() => {
        asking = null;
      });
    return new Promise((resolve) => {
      const cancel = clock.after(patienceMs, () => resolve("the card does not answer"));
      void asking?.then(resolve).finally(cancel);
    });
  }

  /** null: one is needed, and there is none. */
  function encoderNeeded(): Encoder | null {
    return ways[way] === "encode" ? pickEncoder(binding) : "x264enc";
  }

  function pause(why: string): void {
    isDue = false;
    cancelPause();
    cancelPause = clock.after(pauseMs, () => void again());
    const sentence = `Nothing is recorded: ${why}; trying again every minute.`;
    if (sentence !== problem) log.warn({}, sentence);
    problem = sentence;
  }

  async function again(): Promise<void> {
    const why = recorder === null ? "" : await obstacle(recorder);
    if (why === "") isDue = true;
    else pause(why);
  }
}
