import { createRequire } from "node:module";
import {
  checkSink,
  type GstBinding,
  type GstMessage,
  type GstPipeline,
  type GstSample,
  parseProblem,
} from "./gstreamer.js";

/**
 * GStreamer through gst-kit, written against its documented interface (0.2). Pulls only: its `onSample` queues
 * without a bound. `endOfStream` and `dispose` are younger than the rest and are used where they exist.
 */
export function openGstKit(load = loadNative): GstBinding {
  const { Pipeline } = load();
  return {
    name: "gst-kit",
    has: (element) => Pipeline.elementExists(element),
    open(description, options) {
      checkSink(description);
      let native: NativePipeline;
      try {
        native = new Pipeline(description);
      } catch (error) {
        throw parseProblem(error instanceof Error ? error.message : String(error));
      }
      return start(native, options.onMessage);
    },
  };
}

function start(native: NativePipeline, onMessage: (m: GstMessage) => void): GstPipeline {
  const elements = new Map<string, NativeElement | null>();
  let running = true;
  let ending: Promise<void> | undefined;
  const started = native.play(0).catch(() => {});
  const listening = listen();

  return {
    async pull(name) {
      const sink = element(name);
      if (sink?.getSample === undefined) return null;
      await started;
      while (running) {
        // A wait without an end would outlive the stop; null is also the answer to a time-out.
        const sample = await sink.getSample(500);
        if (!running) return null;
        if (sample?.buffer !== undefined)
          return { data: sample.buffer, caps: sample.caps ?? {} } satisfies GstSample;
        if (sink.getElementProperty("eos") === true) return null;
      }
      return null;
    },
    property: (name, property) => element(name)?.getElementProperty(property),
    setProperty: (name, property, value) => element(name)?.setElementProperty(property, value),
    sendEos: () => void native.endOfStream?.(),
    stop() {
      ending ??= end();
      return ending;
    },
  };

  function element(name: string): NativeElement | null {
    if (!elements.has(name)) elements.set(name, native.getElementByName(name));
    return elements.get(name) ?? null;
  }

  async function listen(): Promise<void> {
    while (running) {
      const message = await native.busPop(200).catch(() => null);
      const translated = message === null || !running ? undefined : translate(message);
      if (translated !== undefined) onMessage(translated);
    }
  }

  async function end(): Promise<void> {
    await started;
    running = false;
    await native.stop(5000).catch(() => {});
    await listening;
    elements.clear();
    native.dispose?.();
  }
}

function translate(message: NativeMessage): GstMessage | undefined {
  const { type, srcElementName, structureName, timestamp, ...fields } = message;
  const element = srcElementName ?? "";
  if (type === "eos") return { type };
  if (type === "error") {
    return { type, element, text: fields.errorMessage ?? "unknown error", detail: fields.debugInfo ?? "" };
  }
  if (type === "warning") {
    return { type, element, text: fields.warningMessage ?? "", detail: fields.debugInfo ?? "" };
  }
  if (type === "element") return { type, element, name: structureName ?? "", fields };
  return undefined;
}

function loadNative(): Native {
  return createRequire(import.meta.url)("gst-kit") as Native;
}

interface Native {
  Pipeline: { new (description: string): NativePipeline; elementExists(name: string): boolean };
}
interface NativePipeline {
  play(timeoutMs?: number): Promise<unknown>;
  stop(timeoutMs?: number): Promise<unknown>;
  busPop(timeoutMs?: number): Promise<NativeMessage | null>;
  getElementByName(name: string): NativeElement | null;
  endOfStream?(): boolean;
  dispose?(): void;
}
interface NativeElement {
  getElementProperty(name: string): unknown;
  setElementProperty(name: string, value: unknown): void;
  getSample?(timeoutMs?: number): Promise<{ buffer?: Buffer; caps?: Record<string, unknown> } | null>;
}
interface NativeMessage {
  type: string;
  srcElementName?: string;
  structureName?: string;
  timestamp?: unknown;
  errorMessage?: string;
  warningMessage?: string;
  debugInfo?: string;
  [field: string]: unknown;
}
