import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../system/clock.js";

/** No camera says more about itself before it sends pictures. */
const MOST_HEAD = 65_536;
const MOST_BODY = 1_048_576;

export interface GreetingLimits {
  /** So long a device may be silent, in ms; GStreamer waits no longer either. */
  silentMs: number;
  /** So long the whole greeting may take, in ms. */
  totalMs: number;
}

/**
 * Begins with an RTSP device as GStreamer would, and looks whether its answers have an end (RFC 2326: OPTIONS, DESCRIBE; what
 * they say is GStreamer's affair). GStreamer cannot be stopped in the middle of a message: a device that sends one byte after
 * the other, or rubbish for ever, would hold the whole process. Fulfils with why GStreamer must not be let to it, without a
 * full stop; empty where nothing is known against it, also of an address that could be read in two ways, or when aborted.
 */
export function greet(
  url: string,
  clock: Clock,
  { silentMs, totalMs }: GreetingLimits,
  signal: AbortSignal,
): Promise<string> {
  const at = placeOf(url);
  if (at === null || signal.aborted) return Promise.resolve("");
  return new Promise((resolve) => {
    let heard = "";
    let asked = 0;
    const socket: Socket = at.isTls
      ? // Nothing secret is said here; whether the certificate is right GStreamer judges.
        connectTls({ host: at.host, port: at.port, rejectUnauthorized: false }, ask)
      : connect({ host: at.host, port: at.port }, ask);
    const cancelTotal = clock.after(totalMs, () => end(slow()));
    let cancelSilent = clock.after(silentMs, () => end(slow()));
    const abort = () => end("");
    signal.addEventListener("abort", abort);
    // Where nobody is, or the line is cut, GStreamer finds out for itself and says it better.
    socket.on("error", () => end(""));
    socket.on("close", () => end(""));
    socket.on("data", (bytes) => {
      cancelSilent();
      cancelSilent = clock.after(silentMs, () => end(slow()));
      heard += bytes.toString("latin1");
      const answer = answerIn(heard);
      if (answer === "unfinished") return;
      if (answer !== "whole") end(answer);
      else if (asked < methods.length) ask();
      else end("");
    });

    function ask(): void {
      heard = "";
      const method = methods[asked++];
      socket.write(
        `${method} ${at!.uri} RTSP/1.0\r\nCSeq: ${asked}\r\nAccept: application/sdp\r\nUser-Agent: plategate\r\n\r\n`,
      );
    }

    /** Silence is the same as nobody there; whoever talks on and on is there. */
    function slow(): string {
      return heard === "" ? "timed out" : endless;
    }

    function end(why: string): void {
      cancelTotal();
      cancelSilent();
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(why);
    }
  });
}

const methods = ["OPTIONS", "DESCRIBE"];
const endless = "its answer has no end";

/** Of what has come since the question: `whole`, `unfinished`, or why it will never be an answer. */
function answerIn(heard: string): string {
  const text = heard.trimStart();
  if (!text.startsWith("RTSP/".slice(0, text.length))) return "it does not speak RTSP";
  const head = /\r?\n\r?\n/.exec(text);
  if (head === null) return text.length > MOST_HEAD ? endless : "unfinished";
  const headers = text.slice(0, head.index);
  const length = Number(/^content-length:[ \t]*(\d+)/im.exec(headers)?.[1] ?? 0);
  if (length > MOST_BODY) return endless;
  return text.length >= head.index + head[0].length + length ? "whole" : "unfinished";
}

/** null: the address has an @ too many, or one that belongs to nobody; GStreamer may read it otherwise. */
function placeOf(url: string): { host: string; port: number; uri: string; isTls: boolean } | null {
  const found =
    /^rtsp(s?)[tu]*:\/\/(?:[^@/?#]*@)?(?:\[([^\]]+)\]|([^@:/?#[\]]+))(?::(\d{1,5}))?((?:[/?][^@\s]*)?)$/i.exec(
      url,
    );
  if (found === null) return null;
  const [, s = "", ipv6, name = "", port, path = ""] = found;
  if (Number(port ?? 0) > 65_535) return null;
  const host = ipv6 ?? name;
  const isTls = s !== "";
  const named = ipv6 === undefined ? host : `[${ipv6}]`;
  return {
    host,
    port: Number(port ?? (isTls ? 322 : 554)),
    uri: `rtsp://${named}${port === undefined ? "" : `:${port}`}${path}`,
    isTls,
  };
}
