import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { iso, isoOrNull } from "./messages.js";
import type { HealthView, Identity, StatePort } from "./ports.js";
import { MESSAGE_VERSION } from "./shapes.js";
import type { StateName } from "./topics.js";

export interface States {
  start(): void;
  /** Publishes all of it again, changed or not: the broker may have forgotten. */
  all(): void;
  close(): void;
}

/** Health and storage are looked at this often besides being told of changes. */
const LOOK_MS = 30_000;
/** Health and storage are published at least this often, so that readers can tell old figures from steady ones. */
const AT_LEAST_MS = 300_000;

/**
 * Publishes the retained states: each one when it changed, all of them on demand. `publish` is called with the
 * same JSON text never twice in a row, except by `all`.
 */
export function createStates(deps: {
  identity: Identity;
  state: StatePort;
  clock: Clock;
  log: Log;
  publish(name: StateName, json: string): void;
  /** Cameras: whether any of them delivers pictures. */
  publishCameras(online: boolean): void;
}): States {
  const { state, clock, identity } = deps;
  const head = { v: MESSAGE_VERSION, site: identity.site, gate: identity.gate };
  const last = new Map<StateName, string>();
  let unsubscribe = () => {};
  let cancel = () => {};
  let closed = false;
  let lastEssence = "";
  let cameras: boolean | null = null;
  let beatMs = clock.monotonicMs();

  return {
    start() {
      unsubscribe = state.subscribe(() => look(false));
      tick();
    },
    all() {
      last.clear();
      cameras = null;
      look(true);
    },
    close() {
      closed = true;
      unsubscribe();
      cancel();
    },
  };

  function tick(): void {
    if (clock.monotonicMs() - beatMs >= AT_LEAST_MS) {
      beatMs = clock.monotonicMs();
      last.delete("health");
      last.delete("storage");
    }
    look(true);
    cancel = clock.after(LOOK_MS, tick);
  }

  function look(onTime: boolean): void {
    if (closed) return;
    try {
      tell("barrier", barrierMessage());
      tell("inputs", { ...head, inputs: state.inputs() });
      const health = healthMessage();
      // What a part says while it is well (pictures per second) changes all the time: that goes out with the clock only.
      if (onTime || essence(health) !== lastEssence) tell("health", health);
      lastEssence = essence(health);
      tellCameras();
    } catch (error) {
      deps.log.error({ error: (error as Error).message }, "the state of the gate cannot be published");
    }
    if (!onTime || state.storage === undefined) return;
    state.storage().then(
      (s) => {
        if (!closed) tell("storage", { ...head, ...s, oldestAt: isoOrNull(s.oldestAt) });
      },
      (error: Error) => deps.log.warn({ error: error.message }, "the state of the storage cannot be read"),
    );
  }

  function tell(name: StateName, message: object): void {
    const json = JSON.stringify(message);
    if (last.get(name) === json) return;
    last.set(name, json);
    deps.publish(name, json);
  }

  function tellCameras(): void {
    const eyes = state.health().filter((p) => /^(eye|camera)(:|$)/.test(p.part));
    const online = eyes.length === 0 || eyes.some((p) => p.state === "good" || p.state === "warning");
    if (online === cameras) return;
    cameras = online;
    deps.publishCameras(online);
  }

  function barrierMessage() {
    const { state: word, sinceAt, sentence, dryRun, heldUntilAt, mode, alarms } = state.barrier();
    return {
      ...head,
      state: word,
      since: iso(sinceAt),
      sentence,
      dryRun,
      heldUntil: isoOrNull(heldUntilAt),
      mode: mode ?? "normal",
      alarms: (alarms ?? []).map((a) => ({
        code: a.code,
        input: a.input,
        sentence: a.sentence,
        since: iso(a.sinceAt),
      })),
    };
  }

  function healthMessage() {
    const parts = state.health();
    const figures = state.figures?.() ?? {};
    return {
      ...head,
      state: worst(parts),
      parts: Object.fromEntries(
        parts.map((p) => [
          p.part,
          { name: p.name, state: p.state, sentence: p.sentence, since: isoOrNull(p.sinceAt) },
        ]),
      ),
      // Rounded, so that noise is no news.
      temperatureC: figures.temperatureC === undefined ? null : Math.round(figures.temperatureC),
      fps: Object.fromEntries(
        Object.entries(figures.fps ?? {}).map(([camera, fps]) => [camera, Math.round(fps)]),
      ),
      readRate: figures.readRate === undefined ? null : Math.round(figures.readRate * 100) / 100,
      rssBytes:
        figures.rssBytes === undefined ? null : Math.round(figures.rssBytes / 10_000_000) * 10_000_000,
      uptimeSeconds:
        figures.uptimeSeconds === undefined ? null : Math.floor(figures.uptimeSeconds / 300) * 300,
      version: identity.version,
      latestVersion: identity.latestVersion ?? null,
    };
  }
}

function essence(message: { parts: Readonly<Record<string, { state: string; sentence: string }>> }): string {
  return JSON.stringify(
    Object.entries(message.parts).map(([part, p]) => [part, p.state, p.state === "good" ? "" : p.sentence]),
  );
}

function worst(parts: readonly HealthView[]): HealthView["state"] {
  for (const state of ["bad", "warning", "unknown"] as const)
    if (parts.some((p) => p.state === state)) return state;
  return "good";
}
