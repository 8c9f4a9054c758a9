import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import {
  checkSink,
  type GstBinding,
  GstError,
  type GstMessage,
  type GstPipeline,
  type GstSample,
  parseProblem,
} from "./gstreamer.js";

/**
 * GStreamer through gstreamer-superficial 1.7. What its C++ makes necessary:
 *
 * - It never frees a pipeline (a few hundred kB and two file descriptors each). A stopped pipeline is therefore
 *   kept and started again when the same text is opened next, which is what a reconnect does.
 * - Its bus poll waits without a timeout in a pool thread and only ends where the pipeline is found stopped right
 *   after the callback of a message. Stopping from outside leaves that thread waiting for ever, and with it the
 *   exit of the process. So a stop first makes the sink post a message, and stops inside its callback.
 * - Where a pipeline fails before READY the poll ends after one message, with the error still in the queue.
 * - Samples come without a time stamp; see `mediaMs` in live.ts.
 */
export function openSuperficial(): GstBinding {
  const { Pipeline } = createRequire(import.meta.url)("gstreamer-superficial") as Native;
  const stopped = new Map<string, Kept>();
  const known = new Map<string, boolean>();

  return {
    name: "gstreamer-superficial",
    has(element) {
      const before = known.get(element);
      if (before !== undefined) return before;
      let found = true;
      try {
        if (!/^[a-z0-9_-]+$/i.test(element)) throw new GstError(element);
        new Pipeline(`fakesrc ! fakesink ${element}`);
      } catch {
        found = false;
      }
      known.set(element, found);
      return found;
    },
    open(description, options) {
      const kept = stopped.get(description) ?? build(description);
      stopped.delete(description);
      return start(kept, options.onMessage, (fruitful) => {
        kept.barrenRuns = fruitful ? 0 : kept.barrenRuns + 1;
        if (kept.barrenRuns <= maxBarrenRuns) stopped.set(description, kept);
      });
    },
  };

  function build(description: string): Kept {
    checkSink(description);
    let native: NativePipeline;
    try {
      native = new Pipeline(description);
    } catch (error) {
      throw parseProblem(error instanceof Error ? error.message : String(error));
    }
    // Every findChild makes a new wrapper and one more reference that nobody gives back.
    const found = new Map<string, NativeElement | undefined>();
    const element = (name: string) => {
      if (!found.has(name)) found.set(name, native.findChild(name));
      return found.get(name);
    };
    return { native, element, poll: "none", worked: false, barrenRuns: 0, listener: () => {} };
  }
}

interface Kept {
  native: NativePipeline;
  element(name: string): NativeElement | undefined;
  /** Whether a poll of the bus waits in a pool thread. */
  poll: "none" | "waiting" | "unclear";
  /** It has given samples before. */
  worked: boolean;
  /** Runs in a row that gave no sample. */
  barrenRuns: number;
  listener(message: NativeMessage): void;
}

/**
 * After so many it is built anew, in case an element does not survive a second start. A camera that is away for a day
 * costs some megabytes by that. One that has worked, but now gives nothing and
 * does not even complain, is built anew at once.
 */
const maxBarrenRuns = 240;

function start(
  kept: Kept,
  onMessage: (m: GstMessage) => void,
  keep: (fruitful: boolean) => void,
): GstPipeline {
  const { native } = kept;
  const sink = kept.element("analysis")!;
  let state: "running" | "stopping" | "stopped" = "running";
  let ending: Promise<void> | undefined;
  let whenHeard = () => {};
  let pollEndsByItself = false;
  let samples = 0;
  let complained = false;
  const pulls = new Set<Promise<GstSample | null>>();

  kept.listener = (message) => {
    if (kept.poll === "unclear") kept.poll = "waiting";
    if (state === "running") {
      const translated = translate(message);
      complained ||= translated?.type === "error";
      if (translated !== undefined) onMessage(translated);
    } else if (state === "stopping") {
      // Here, and only here, the poll sees the pipeline stopped and gives its thread back.
      native.stop();
      state = "stopped";
      kept.poll = "none";
    }
    if (pollEndsByItself) kept.poll = "none";
    whenHeard();
  };
  native.play();
  if (kept.poll === "none") poll();
  // An appsink that was never started says eos: the start failed, and maybe the poll ended with its first message.
  if (sink.eos === true) void drain();
  else if (kept.poll === "unclear")
    void heardWithin(500).then((heard) => !heard && state === "running" && poll());

  return {
    pull(name) {
      const target = kept.element(name);
      if (target?.pull === undefined || state !== "running") return Promise.resolve(null);
      const pull = new Promise<GstSample | null>((resolve) => {
        target.pull?.((data, caps) => {
          if (data !== null && data !== undefined) samples++;
          resolve(data === null || data === undefined ? null : { data, caps });
        });
      });
      pulls.add(pull);
      void pull.finally(() => pulls.delete(pull));
      return pull;
    },
    property: (element, property) => kept.element(element)?.[property],
    setProperty(element, property, value) {
      const target = kept.element(element);
      if (target !== undefined) target[property] = value;
    },
    sendEos: () => native.sendEOS(),
    stop() {
      ending ??= end();
      return ending;
    },
  };

  async function end(): Promise<void> {
    state = "stopping";
    if (kept.poll === "none") {
      native.stop();
      state = "stopped";
    } else knock();
    // With all pool threads busy the callback may be late; then the pipeline stops without it.
    for (let n = 0; n < 10 && state === "stopping"; n++) await heardWithin(100);
    if (state === "stopping") {
      native.stop();
      state = "stopped";
      if (kept.poll === "waiting") kept.poll = "unclear";
    }
    kept.listener = () => {};
    // A pull that still waits would take a frame of the next start.
    await Promise.all(pulls);
    // Promises are answered before the callback of the bus has returned to C++: a start that followed at once would
    // let the old poll find the pipeline running, and stay beside the new one for ever.
    await new Promise((resolve) => setImmediate(resolve));
    kept.worked ||= samples > 0;
    if (samples > 0 || complained || !kept.worked) keep(samples > 0);
  }

  /** Posts a message: a sink does so whenever its render delay changes. A nanosecond more or less is nothing. */
  function knock(): void {
    sink["render-delay"] = Number(sink["render-delay"]) === 1 ? 2 : 1;
  }

  function poll(): void {
    kept.poll = "waiting";
    native.pollBus((message) => {
      try {
        kept.listener(message);
      } catch {
        // An exception would end the process from inside the binding; listeners are told not to throw.
      }
    });
  }

  /** Gets the messages of a start that failed, until the error was among them. */
  async function drain(): Promise<void> {
    let failed = false;
    const tell = onMessage;
    onMessage = (message) => {
      if (message.type === "error") failed = true;
      tell(message);
    };
    // Its last message, so that one is always there to be waited for.
    knock();
    for (let n = 0; n < 100 && !failed && state === "running"; n++) {
      if (await heardNow()) continue;
      if (failed || state !== "running") return;
      pollEndsByItself = true;
      poll();
    }
    if (failed || state !== "running") return;
    onMessage({ type: "error", element: "pipeline", text: "The pipeline could not be started.", detail: "" });
  }

  /** False: with messages in the queue none came, so nobody polls. Work for the pool is begun in the order it was given. */
  async function heardNow(): Promise<boolean> {
    let heard = false;
    whenHeard = () => {
      heard = true;
    };
    for (let n = 0; n < 4 && !heard; n++) {
      await stat("/");
      await new Promise((resolve) => setImmediate(resolve));
    }
    return heard;
  }

  function heardWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      whenHeard = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

function translate(message: NativeMessage): GstMessage | undefined {
  const element = message._src_element_name;
  const { type, name, message: text, debug, ...fields } = message;
  if (type === "eos") return { type: "eos" };
  if (type === "error" || type === "warning") {
    return { type, element, text: String(text ?? "unknown error"), detail: String(debug ?? "") };
  }
  if (type === "element") return { type, element, name: String(name), fields };
  return undefined;
}

interface Native {
  Pipeline: new (description: string) => NativePipeline;
}
interface NativePipeline {
  play(): void;
  stop(): void;
  sendEOS(): void;
  findChild(name: string): NativeElement | undefined;
  pollBus(callback: (message: NativeMessage) => void): void;
}
type NativeElement = Record<string, unknown> & {
  pull?(callback: (data: Buffer | null, caps: Record<string, unknown>) => void): void;
};
interface NativeMessage {
  type: string;
  _src_element_name: string;
  [field: string]: unknown;
}
