import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { pickEncoder } from "./board.js";
import type { GstBinding, GstTrouble } from "./gstreamer.js";
import { type PipelineOptions, type RecordHow, waysToRecord } from "./pipelines.js";
import { isRecordingProblem } from "./problems.js";
import type { Recorder } from "./recorder.js";
import type { Source } from "./source.js";

/** How long nothing is recorded after the card or the encoder failed, in ms. */
const pauseMs = 60_000;

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
  let ways: readonly RecordHow[] = [];
  let problem = "";
  let againMs = 0;
  let recording = false;

  return {
    problem: () => problem,
    /** True when a pause is over: the pipeline should be opened anew, with its recording. */
    due: () => problem !== "" && !recording && clock.monotonicMs() >= againMs,
    next(source: Source): { record: PipelineOptions["record"]; recorder: Recorder | null } {
      recording = false;
      const none = { record: null, recorder: null };
      if (recorder === null || (problem !== "" && clock.monotonicMs() < againMs)) return none;
      try {
        recorder.recover();
      } catch (error) {
        pause(`the folder for video cannot be written (${(error as Error).message})`);
        return none;
      }
      ways = waysToRecord(source);
      const how = ways[way % ways.length]!;
      const encoder = how === "encode" ? pickEncoder(binding) : "x264enc";
      if (encoder === null) {
        pause("this machine has no H.264 encoder; install gstreamer1.0-plugins-ugly");
        return none;
      }
      recording = true;
      return { record: { how, encoder }, recorder };
    },
    /** A frame came through while recording. */
    works(): void {
      if (recording) problem = "";
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
        way++;
        log.info({ next: ways[way % ways.length] }, "The camera's stream cannot be recorded like this.");
        // After the last way the source itself must be at fault.
        return way % ways.length !== 0;
      }
      if (!isRecordingProblem(message)) return false;
      pause(
        /space/i.test(message.text + message.detail)
          ? "there is no space left"
          : message.text.replace(/\.$/, ""),
      );
      return true;
    },
  };

  function pause(why: string): void {
    const sentence = `Nothing is recorded: ${why}; trying again every minute.`;
    if (sentence !== problem) log.warn({}, sentence);
    problem = sentence;
    againMs = clock.monotonicMs() + pauseMs;
  }
}
