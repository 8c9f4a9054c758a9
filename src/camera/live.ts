import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { masked } from "../system/masked.js";
import { board } from "./board.js";
import type { Camera, CameraState, Frame } from "./camera.js";
import { greet } from "./greeting.js";
import type { GstBinding, GstSample } from "./gstreamer.js";
import { createHoldUp } from "./hold-up.js";
import { pipelineText } from "./pipelines.js";
import { isRefusal, problemOf } from "./problems.js";
import type { Recorder } from "./recorder.js";
import { createRecordingPlan } from "./recording-plan.js";
import { fpsOf, frameOf } from "./sample.js";
import { openSession, type Session, type SessionEnd } from "./session.js";
import { parseSource, type Source, SourceError } from "./source.js";

export interface LiveOptions {
  source: string;
  /** Frames a second, at most. */
  analysisFps: number;
  /** `run`: for ever; loops files, reconnects. `watch`: a file once with every frame; what fails at first, fails. */
  mode: "run" | "watch";
  /** A stream without a picture for this long is opened anew; default 10 s. */
  stallMs?: number;
}

export interface LiveDeps {
  clock: Clock;
  log: Log;
  binding: GstBinding;
  /** null: nothing is recorded. */
  recorder: Recorder | null;
  /** Looks at a network camera before GStreamer does; default `greet`. */
  greet?: typeof greet;
  /** 0 to 1, for the jitter of the waits; default Math.random. */
  random?: () => number;
}

/** As long as GStreamer waits for an answer (`tcp-timeout`). */
const greetingMs = 5000;

/** A camera through GStreamer: opened at the first call of `nextFrame`, and again whenever it goes away. */
export function createLiveCamera(options: LiveOptions, deps: LiveDeps): Camera {
  const { clock, log, binding } = deps;
  const stallMs = options.stallMs ?? 10_000;
  const plan = createRecordingPlan(deps);
  const counts = { frames: 0, dropped: 0, reconnects: 0 };
  let state: CameraState = "connecting";
  let problem = "";
  let run: Run | null = null;
  let source: Source | null = null;
  let failures = 0;
  let firstMs: number | null = null;
  let closing = false;
  let wake = () => {};
  let closed: Promise<void> | null = null;
  let lookedForLeft = false;

  return {
    async nextFrame() {
      while (!closing && state !== "ended" && state !== "failed") {
        try {
          run ??= await connect();
        } catch (error) {
          await failed(masked(error instanceof Error ? error.message.replace(/\.$/, "") : String(error)));
          continue;
        }
        if (run === null) break;
        const askedMs = clock.monotonicMs();
        const sample = await run.session.pull();
        if (closing) break;
        if (sample === null) {
          await over(run);
          continue;
        }
        const frame = frameOf(sample, { sequence: counts.frames, ...timesOf(run, sample, askedMs) });
        if (frame === null) continue;
        count(run);
        if (plan.due()) await leave(run);
        return frame;
      }
      return null;
    },
    status: () => ({ state, problem, ...counts, ...recordingProblem() }),
    close() {
      closed ??= (async () => {
        closing = true;
        wake();
        if (run !== null) await leave(run);
        plan.close();
        // What was filmed is worth the wait.
        await deps.recorder?.idle();
        if (state !== "failed") state = "ended";
      })();
      return closed;
    },
  };

  function recordingProblem(): { recordingProblem?: string } {
    const card = deps.recorder?.problem() ?? "";
    if (plan.problem() !== "") return { recordingProblem: plan.problem() };
    return card === "" ? {} : { recordingProblem: `Nothing is recorded: ${card}.` };
  }

  /** null: closed meanwhile. */
  async function connect(): Promise<Run | null> {
    source = parseSource(options.source);
    if (source.kind === "photos")
      throw new SourceError(`${source.folder} is a folder of photos, not a stream`);
    if (source.kind === "rtsp") await introduced(source);
    if (closing) return null;
    const everyFrame = options.mode === "watch" && source.kind === "file";
    const { record, recorder } = everyFrame ? { record: null, recorder: null } : await plan.next(source);
    if (closing) {
      plan.close();
      return null;
    }
    const text = pipelineText(source, {
      analysisFps: options.analysisFps,
      everyFrame,
      record,
      board: board(),
    });
    log.debug({ pipeline: masked(text) }, "Opening the camera.");
    const session = openSession({ text, recorder, stallMs }, { binding, clock });
    const startedMs = clock.monotonicMs();
    return {
      session,
      everyFrame,
      startedMs,
      frames: 0,
      dropped: 0,
      previousMs: null,
      holdUp: createHoldUp(),
    };
  }

  /** Throws a sentence about a device that would hold GStreamer, and with it this process, for ever. */
  async function introduced(to: Source & { kind: "rtsp" }): Promise<void> {
    const leaving = new AbortController();
    wake = () => leaving.abort();
    const limits = { silentMs: Math.min(stallMs, greetingMs), totalMs: stallMs };
    const why = await (deps.greet ?? greet)(to.url, clock, limits, leaving.signal);
    wake = () => {};
    if (why === "") return;
    // What an earlier process left is not told of only when the camera answers: a clip may wait for it.
    if (!lookedForLeft) void deps.recorder?.recover().catch(() => {});
    lookedForLeft = true;
    throw new Error(problemOf(to, { type: "error", element: "source", text: why, detail: "" }));
  }

  function timesOf(run: Run, sample: GstSample, askedMs: number): Pick<Frame, "atMs" | "mediaMs"> {
    const nowMs = clock.monotonicMs();
    firstMs ??= nowMs;
    if (run.everyFrame) {
      // The binding hands over no time stamps; at a constant rate the number of a frame gives its time.
      const mediaMs = (run.frames * 1000) / (fpsOf(sample.caps) || 25);
      return { atMs: run.startedMs + mediaMs, mediaMs };
    }
    // A frame that was there at once may have waited since the last one was taken: its age is never understated.
    const arrivedMs = nowMs - askedMs > 3 ? nowMs : (run.previousMs ?? nowMs);
    run.previousMs = nowMs;
    const backlogMs = (Number(run.session.property("backlog", "current-level-time")) || 0) / 1e6;
    const atMs = arrivedMs - backlogMs - run.holdUp.picture(nowMs);
    return { atMs, mediaMs: Math.max(0, atMs - firstMs) };
  }

  function count(run: Run): void {
    if (state !== "running") log.info({ reconnects: counts.reconnects }, "The camera gives pictures.");
    state = "running";
    problem = "";
    counts.frames++;
    run.frames++;
    plan.works();
    if (clock.monotonicMs() - run.startedMs > 10_000) failures = 0;
    // `rate` counts what went to the sink; one frame may just wait there, the others were overtaken.
    const overtaken = Number(run.session.property("rate", "out")) - run.frames - 1;
    if (!run.everyFrame && overtaken > run.dropped) {
      counts.dropped += overtaken - run.dropped;
      run.dropped = overtaken;
    }
  }

  async function over(ended: Run): Promise<void> {
    const end = await ended.session.ended;
    await leave(ended);
    if (closing) return;
    if (end.why === "eos" && source?.kind === "file" && (ended.frames > 0 || ended.everyFrame)) {
      if (options.mode === "watch") {
        if (ended.frames > 0) state = "ended";
        else await failed(`${source.path} holds no picture`);
      }
      return;
    }
    if (end.why === "changed" && ended.frames > 0) {
      log.info({}, "The camera has changed its picture format; a new recording begins.");
      return;
    }
    if (end.why === "error" && plan.blames(end.message, ended.frames)) return;
    await failed(sentenceOf(end), end.why === "error" && isRefusal(end.message) ? 30_000 : 0);
  }

  async function leave(left: Run): Promise<void> {
    run = null;
    await left.session.close();
  }

  function sentenceOf(end: SessionEnd): string {
    if (end.why === "error" && source !== null) return problemOf(source, end.message);
    if (end.why === "changed") return "The camera keeps changing its picture format";
    // An error that GStreamer's own bins swallow, as they sometimes do, shows as silence.
    if (end.why === "stalled" && source?.kind === "file")
      return `${source.path} gives no pictures; it may be damaged`;
    if (end.why === "stalled") return "The camera has stopped sending pictures";
    return "The camera has ended the stream";
  }

  /** Waits longer after each failure, by chance a little more or less, so that many gates do not call at once. */
  async function failed(why: string, leastMs = 0): Promise<void> {
    if (options.mode === "watch" && (counts.frames === 0 || source?.kind === "file")) {
      state = "failed";
      problem = `${why}.`;
      return;
    }
    const jitter = 0.75 + (deps.random ?? Math.random)() / 2;
    const waitMs = Math.max(leastMs, Math.min(15_000, 500 * 2 ** failures++) * jitter);
    counts.reconnects++;
    state = "retrying";
    const sentence = `${why}; trying again every ${Math.max(1, Math.round(waitMs / 1000))} s.`;
    if (problem === "" || failures < 3) log.warn({ failures }, sentence);
    problem = sentence;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(waitMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
    wake = () => {};
  }
}

/** One run of the pipeline and what is counted in it. */
interface Run {
  session: Session;
  everyFrame: boolean;
  startedMs: number;
  frames: number;
  dropped: number;
  /** When the frame before was handed over. */
  previousMs: number | null;
  holdUp: ReturnType<typeof createHoldUp>;
}
