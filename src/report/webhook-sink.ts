import { createHmac } from "node:crypto";
import type { Config } from "../config.js";
import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { explain } from "./connection-problem.js";
import { createDrain, type SendResult } from "./drain.js";
import { createPoster } from "./http-post.js";
import { pauseMs } from "./link.js";
import { messageOf } from "./messages.js";
import type { Identity, OutboxPort, SinkState } from "./ports.js";
import type { PlateCover } from "./privacy.js";
import type { Sink } from "./sink.js";

/** After so many failures in a row the event itself is suspected, and again after as many more; about four minutes. */
const SUSPECT_TRIES = 20;

/** What an HTTP answer means for the event that was posted. */
export function meaningOf(status: number): "taken" | "unusable" | "again" | "misconfigured" {
  if (status >= 200 && status < 300) return "taken";
  if (status >= 500 || [408, 425, 429].includes(status)) return "again";
  // Nothing is wrong with the event itself: address or key is. It waits until somebody corrects that.
  if ((status >= 300 && status < 400) || [401, 403, 404, 405, 407, 410].includes(status))
    return "misconfigured";
  return "unusable";
}

/** Signature over time and body, so that neither can be changed and an old post cannot be sent again. */
export function signPost(body: string, timestamp: number, key: Buffer): string {
  return `v1=${createHmac("sha256", key).update(`${timestamp}.${body}`).digest("hex")}`;
}

/** Posts the events of the outbox to one HTTP receiver, one after the other, until each is taken. */
export function createWebhookSink(deps: {
  hook: Config["report"]["webhooks"][number];
  key: Buffer | null;
  ca: Buffer | null;
  identity: Identity;
  plates: PlateCover;
  clock: Clock;
  log: Log;
  outbox: OutboxPort;
  delivered(seqs: readonly number[]): void;
  resumeAfter: number;
}): Sink {
  const { hook, clock, log } = deps;
  const name = `webhook:${hook.name}`;
  const poster = createPoster(hook.url, deps.ca);
  let status: { state: SinkState; sentence: string; sinceAt: number } = {
    state: "off",
    sentence: "not started",
    sinceAt: clock.wallMs(),
  };
  let failures = 0;
  let hasTaken = false;
  let failedAlone: number | null = null;
  let reconnects = 0;
  let closed = false;
  let cancel = () => {};
  const drain = createDrain({
    name,
    outbox: deps.outbox,
    clock,
    log,
    window: 1,
    send,
    delivered: deps.delivered,
  });
  drain.resumeAfter(deps.resumeAfter);

  return {
    name,
    start() {
      say("up", `posting to ${new URL(hook.url).host}`);
      drain.up();
    },
    poke: () => drain.poke(),
    status: () => ({ name, ...status, ...drain.status(), reconnects }),
    async close() {
      closed = true;
      cancel();
      await Promise.race([drain.finish(), new Promise<void>((resolve) => clock.after(1000, resolve))]);
      drain.rest();
      poster.close();
    },
  };

  async function send(event: OutboxEvent): Promise<SendResult> {
    if (!hook.kinds.includes(event.kind)) return "taken";
    const message = messageOf(event, deps.identity, deps.plates);
    if ("problem" in message) {
      log.error({ event: event.id }, `an event cannot be reported: ${message.problem}`);
      return "unusable";
    }
    const body = JSON.stringify(message);
    let suspected = false;
    try {
      suspected = failures > 0 && failures % SUSPECT_TRIES === 0 && (await othersAreTaken(event));
      const answer = await post(event, body);
      if (meaningOf(answer.status) === "unusable" && !hasTaken && !(await othersAreTaken(event))) {
        // Not the event: so answers, for one, a server whose port wants https.
        const sentence = `${new URL(hook.url).host} answers ${answer.status} and has taken nothing yet`;
        pause("refused", `${sentence}; correct the webhook's url.`);
        return "lost";
      }
      if (!suspected || answer.status < 500 || answer.status === 503) return heard(event, answer);
      return leaveOut(event, `answers ${answer.status}`);
    } catch (error) {
      const { refused, sentence } = explain(error, hook.url);
      if (suspected && (await failsAlone(event))) return leaveOut(event, sentence);
      pause(refused ? "refused" : "waiting", sentence);
      return "lost";
    }
  }

  /**
   * An event that got no answer right after another was taken. True when the same holds right after it, and did so the
   * last time: a receiver that comes and goes would have taken it in between.
   */
  async function failsAlone(event: OutboxEvent): Promise<boolean> {
    if (!(await othersAreTaken(event).catch(() => false))) return false;
    const again = failedAlone === event.seq;
    failedAlone = event.seq;
    return again;
  }

  function leaveOut(event: OutboxEvent, problem: string): SendResult {
    failures = 0;
    log.error(
      { sink: name, event: event.id, problem },
      "the receiver takes other events and fails at this one again and again; it is left out",
    );
    return "unusable";
  }

  /**
   * True when the receiver takes a later event, the next one of a kind, out of turn; it will be posted once more, with the
   * same id, in its turn.
   */
  async function othersAreTaken(stuck: OutboxEvent): Promise<boolean> {
    const later = await deps.outbox.pending(stuck.seq, 64).catch(() => []);
    for (const kind of hook.kinds) {
      const next = later.find((e) => e.kind === kind);
      const message = next && messageOf(next, deps.identity, deps.plates);
      if (next === undefined || message === undefined || "problem" in message) continue;
      const { status } = await post(next, JSON.stringify(message));
      if (meaningOf(status) === "taken") return true;
    }
    return false;
  }

  async function post(event: OutboxEvent, body: string) {
    const timestamp = Math.floor(clock.wallMs() / 1000);
    const answer = await poster.post(body, {
      "content-type": "application/json",
      "user-agent": `plategate/${deps.identity.version}`,
      "idempotency-key": event.id,
      "x-plategate-timestamp": String(timestamp),
      ...(deps.key === null ? {} : { "x-plategate-signature": signPost(body, timestamp, deps.key) }),
    });
    hasTaken ||= meaningOf(answer.status) === "taken";
    return answer;
  }

  function heard(
    event: OutboxEvent,
    answer: { status: number; retryAfterSeconds: number | null },
  ): SendResult {
    const meaning = meaningOf(answer.status);
    if (meaning === "taken") {
      failures = 0;
      say("up", `posting to ${new URL(hook.url).host}`);
      return "taken";
    }
    if (meaning === "unusable") {
      log.error(
        { sink: name, event: event.id, status: answer.status },
        "the receiver does not want this event; it is left out",
      );
      return "unusable";
    }
    const sentence = `${new URL(hook.url).host} answers ${answer.status}`;
    if (meaning === "misconfigured")
      pause("refused", `${sentence}; correct the webhook's url or secretFile.`);
    else pause("waiting", `${sentence}; trying again.`, (answer.retryAfterSeconds ?? 0) * 1000);
    return "lost";
  }

  function pause(state: SinkState, sentence: string, atLeastMs = 0): void {
    if (closed) return;
    failures++;
    reconnects++;
    say(state, sentence);
    drain.rest();
    cancel = clock.after(Math.max(atLeastMs, pauseMs(failures, Math.random())), () => drain.up());
  }

  function say(state: SinkState, sentence: string): void {
    if (status.state === state && status.sentence === sentence) return;
    status = { state, sentence, sinceAt: clock.wallMs() };
    if (state === "up") log.info({ sink: name }, sentence);
    else log.warn({ sink: name }, sentence);
  }
}
