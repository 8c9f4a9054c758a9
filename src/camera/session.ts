import type { Clock } from "../system/clock.js";
import type { GstBinding, GstMessage, GstPipeline, GstSample, GstTrouble } from "./gstreamer.js";
import type { Recorder } from "./recorder.js";

/** Why a pipeline gives no more pictures. */
export type SessionEnd =
  | { why: "eos" | "stalled" | "changed" | "closed" }
  | { why: "error"; message: GstTrouble };

export interface SessionOptions {
  text: string;
  /** null: this session records nothing. */
  recorder: Recorder | null;
  /** A pull that waits longer than this for a picture ends the session. */
  stallMs: number;
}

/** One run of a pipeline, from its start to its first error, end or stall. Throws `GstError` as the binding does. */
export function openSession(
  options: SessionOptions,
  { binding, clock }: { binding: GstBinding; clock: Clock },
) {
  const { recorder, stallMs } = options;
  let end: SessionEnd | undefined;
  /** Answers the pull that waits. */
  let abandon = () => {};
  let settle: (end: SessionEnd) => void = () => {};
  const ended = new Promise<SessionEnd>((resolve) => {
    settle = (why) => {
      end ??= why;
      resolve(end);
      abandon();
    };
  });
  let whenEos = () => {};
  const pipeline: GstPipeline = binding.open(options.text, { onMessage });
  const recorded = recorder === null ? Promise.resolve() : record(recorder);

  return {
    ended,
    property: pipeline.property,
    /** The next sample; null: see `ended`. */
    async pull(): Promise<GstSample | null> {
      if (end !== undefined) return null;
      const cancel = clock.after(stallMs, () => settle({ why: "stalled" }));
      const sample = await new Promise<GstSample | null>((resolve) => {
        // Not Promise.race: against a promise that outlives it, it would keep every picture for ever.
        abandon = () => resolve(null);
        void pipeline.pull("analysis").then(resolve);
      });
      abandon = () => {};
      cancel();
      if (sample !== null) return sample;
      // The sink may know of the end before the bus tells whether it was an error.
      const late = clock.after(2000, () => settle({ why: "eos" }));
      await ended;
      late();
      return null;
    },
    /** Lets the recording close its file where the pipeline still runs, then stops it. */
    async close(): Promise<void> {
      const running = end === undefined || end.why === "stalled";
      if (running && (recorder?.current() ?? null) !== null) {
        const finished = new Promise<void>((resolve) => {
          whenEos = resolve;
        });
        pipeline.sendEos();
        const cancel = clock.after(1500, () => whenEos());
        await finished;
        cancel();
      }
      settle({ why: "closed" });
      await pipeline.stop();
      // A card that hangs must not keep the next run from its pictures.
      await new Promise<void>((resolve) => {
        const cancel = clock.after(2000, resolve);
        void recorded.then(() => {
          cancel();
          resolve();
        });
      });
    },
  };

  async function record(recorder: Recorder): Promise<void> {
    for (;;) {
      const sample = await pipeline.pull("segments");
      if (sample === null) return recorder.finish();
      recorder.push(sample.data);
      if (recorder.changed()) settle({ why: "changed" });
    }
  }

  function onMessage(message: GstMessage): void {
    if (message.type === "eos") {
      whenEos();
      settle({ why: "eos" });
    } else if (message.type === "error") {
      whenEos();
      settle({ why: "error", message });
    }
  }
}

export type Session = ReturnType<typeof openSession>;
