import { randomUUID } from "node:crypto";
import { step } from "../core/barrier.js";
import { idleBarrier } from "../core/barrier-draft.js";
import type {
  BarrierEffect,
  BarrierEvent,
  BarrierState,
  InputName,
  OutputName,
  TimerName,
} from "../core/barrier-types.js";
import { alarmEvent, barrierEvent, type NewEvent } from "../core/events.js";
import { createCommands } from "./commands.js";
import type { Alarm, Gate, GateAnswer, GateDeps, GateView } from "./gate-types.js";
import { holdPanel } from "./held-panel.js";
import { barrierSettingsOf, unusable } from "./machine-settings.js";
import { createNewProcess } from "./new-process.js";
import { createPanel, type Panel } from "./panel.js";
import { alarmSentence, answerSentence, stateSentence, wordOf } from "./sentences.js";

const MUST_POLL_MS = 2000;

/** Carries out what the barrier machine asks for: pulses, lights, timers, alarms. Building it opens nothing. */
export function createGate(deps: GateDeps): Gate {
  const { clock, log } = deps;
  const settings = barrierSettingsOf(deps.barrier, deps.lines);
  const timers = new Map<TimerName, () => void>();
  const alarms = new Map<string, Alarm>();
  const listeners = new Set<(view: GateView) => void>();
  const queue: { event: BarrierEvent; by: string }[] = [];
  const commands = createCommands({
    clock,
    log,
    maxAgeMs: deps.maxCommandAgeMs,
    event,
    onMode(mode, by) {
      if (mode === "locked") event({ type: "withdrawn" }, by);
      keep();
      tell();
    },
  });
  let state: BarrierState = idleBarrier();
  let panel: Panel | null = null;
  let running = false;
  let closed = false;
  /** An operator's stop outlives lost lines and restarts; only a release ends it. */
  let stopped = false;
  /** Somebody has stopped or released it since this process began. */
  let isStopDecided = false;
  /** An alarm came or went, which people should hear of although the barrier's state is the same. */
  let alarmed = false;
  let sinceAt = clock.wallMs();
  let heldUntilAt: number | null = null;
  const newProcess = createNewProcess({
    clock,
    log,
    keep: async () => {
      keep();
      return (await deps.keep?.settled()) === true;
    },
  });
  const held = holdPanel({
    clock,
    log,
    open: () =>
      createPanel({
        ...deps,
        changed: (name, active) => void event({ type: "input", name, active }, `input ${name}`),
      }),
    here,
    away,
  });

  return {
    async start() {
      unusable(deps.barrier, deps.lines);
      recall();
      await held.open().catch((error: Error) => {
        // The rest of the appliance ran without these lines before, and does so again.
        if (!newProcess.isTried()) throw error;
        held.lose(error.message);
      });
    },
    recall,
    event,
    command: commands.command,
    confirmAreaClear: commands.confirmAreaClear,
    state: () => state,
    mode: commands.mode,
    view,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    answers: () =>
      panel === null ? !newProcess.isWanted() : clock.monotonicMs() - panel.polledAtMs() < MUST_POLL_MS,
    async close() {
      if (closed) return;
      closed = true;
      newProcess.close();
      event({ type: "shutdown" });
      held.close();
      panel = null;
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };

  function here(opened: Panel): void {
    panel = opened;
    newProcess.linesHere();
    raise("lines", null, false);
    event({ type: "boot", inputs: panel.inputs(), stopped });
    const { dryRun } = deps.barrier;
    log.info(
      { board: deps.lines.board, driver: panel.kind, dryRun, state: state.place, mode: commands.mode() },
      dryRun ? "The gate runs dry: nothing is energised." : "The gate has its lines.",
    );
  }

  /** Nothing can be said of the barrier any more until the lines are back. */
  function away(sentence: string): void {
    log.error({ sentence }, "The lines were lost.");
    panel = null;
    event({ type: "shutdown" });
    raise("lines", null, true);
    tell();
    newProcess.linesAway();
  }

  function event(event: BarrierEvent, by = "gate"): GateAnswer {
    let answer: GateAnswer = { accepted: true, reason: "noted", sentence: answerSentence("noted") };
    if (event.type === "granted" && commands.mode() === "locked")
      return { accepted: false, reason: "locked", sentence: answerSentence("locked") };
    queue.push({ event, by });
    if (running) return answer;
    running = true;
    const before = state;
    let first = true;
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const given = take(next.event, next.by);
        if (first && given !== null) answer = given;
        first = false;
      }
    } finally {
      running = false;
      queue.length = 0;
    }
    if (before !== state || alarmed) tell();
    return answer;
  }

  function take(event: BarrierEvent, by: string): GateAnswer | null {
    const before = state;
    const next = step(state, event, settings);
    state = next.state;
    let answer: GateAnswer | null = null;
    for (const effect of next.effects) {
      if (effect.type === "answer")
        answer = {
          accepted: effect.accepted,
          reason: effect.reason,
          sentence: answerSentence(effect.reason),
        };
      else carryOut(effect);
    }
    if (before.place !== state.place || before.cause !== state.cause) {
      sinceAt = clock.wallMs();
      log.info({ from: before.place, to: state.place, cause: state.cause, by }, stateSentence(state));
      report(
        barrierEvent(randomUUID(), sinceAt, {
          state: wordOf(state.place),
          from: wordOf(before.place),
          cause: state.cause,
          sentence: stateSentence(state),
          by,
          dryRun: deps.barrier.dryRun,
        }),
      );
    }
    if (state.heldBy === null) heldUntilAt = null;
    if (state.live && state.stopLatched !== stopped) {
      stopped = state.stopLatched;
      isStopDecided = true;
      keep();
    }
    return answer;
  }

  function carryOut(effect: Exclude<BarrierEffect, { type: "answer" }>) {
    switch (effect.type) {
      case "pulse":
        panel?.pulse(effect.line, effect.ms, (result) => {
          event({ type: "pulse-ended", line: effect.line, result }, `relay ${effect.line}`);
        });
        return;
      case "cut":
        return panel?.cut(effect.line);
      case "level":
        return panel?.level(effect.line, effect.on);
      case "arm":
        timers.get(effect.timer)?.();
        timers.set(
          effect.timer,
          clock.after(effect.ms, () => {
            timers.delete(effect.timer);
            event({ type: "timeout", timer: effect.timer }, `timer ${effect.timer}`);
          }),
        );
        if (effect.timer === "hold") heldUntilAt = clock.wallMs() + effect.ms;
        return;
      case "disarm":
        timers.get(effect.timer)?.();
        timers.delete(effect.timer);
        return;
      case "alarm":
        return raise(effect.code, effect.input, effect.on);
    }
  }

  function raise(code: Alarm["code"], input: InputName | null, on: boolean): void {
    const key = `${code} ${input}`;
    const known = alarms.get(key);
    const sentence = alarmSentence(code, input, state);
    if (on === (known !== undefined) && (!on || known?.sentence === sentence)) return;
    if (on) alarms.set(key, { code, input, sentence, sinceAt: known?.sinceAt ?? clock.wallMs() });
    else alarms.delete(key);
    alarmed = true;
    log.warn({ code, input, on }, on ? sentence : `Over: ${known?.sentence ?? sentence}`);
    const told = on ? sentence : (known?.sentence ?? sentence);
    report(alarmEvent(randomUUID(), clock.wallMs(), { code, input, on, sentence: told }));
  }

  function report(event: NewEvent): void {
    // After the effects of this event: reporting may never stand between an input and a line.
    queueMicrotask(() => {
      try {
        deps.onEvent?.(event);
      } catch (error) {
        log.error({ error: (error as Error).message }, "An event of the gate could not be handed on.");
      }
    });
  }

  function recall(): void {
    const kept = deps.keep?.read();
    if (kept === undefined) return;
    commands.restore(kept.mode);
    if (kept.triedAnew === true && panel === null) newProcess.restore();
    // Fire has ended for good what was stopped before.
    if (kept.stopped && !stopped && !isStopDecided && !state.inputs.fire) {
      stopped = true;
      if (panel !== null) {
        event({ type: "shutdown" });
        event({ type: "boot", inputs: panel.inputs(), stopped });
      }
    }
    if (kept.mode !== commands.mode() || kept.stopped !== stopped) keep();
    tell();
  }

  function keep(): void {
    const tried = newProcess.isTried() ? ({ triedAnew: true } as const) : {};
    deps.keep?.write({ mode: commands.mode(), stopped, ...tried });
  }

  function tell(): void {
    alarmed = false;
    if (listeners.size === 0) return;
    const now = view();
    for (const listener of listeners) {
      try {
        listener(now);
      } catch (error) {
        log.error({ error: (error as Error).message }, "A listener of the gate failed.");
      }
    }
  }

  function view(): GateView {
    const outputs = panel?.outputs() ?? {};
    const inputs = Object.fromEntries(
      Object.keys(deps.lines.inputs).map((name) => [name, state.inputs[name as InputName]]),
    );
    return {
      state: wordOf(state.place),
      sinceAt,
      sentence: stateSentence(state),
      dryRun: deps.barrier.dryRun,
      heldUntilAt,
      mode: commands.mode(),
      driver: panel?.kind ?? "none",
      lines: { ...(outputs as Record<OutputName, boolean>), ...inputs },
      outputs,
      inputs,
      alarms: [...alarms.values()],
    };
  }
}
