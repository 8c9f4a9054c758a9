import { parseArgs } from "node:util";
import type { Config } from "../config.js";
import type { PassRecord } from "../core/records.js";
import { sendCommand, type Wish } from "../report/send-command.js";
import { systemClock } from "../system/clock.js";
import { createLog } from "../system/log.js";
import { userName } from "../system/user.js";
import { ask } from "./ask.js";
import { configOfGate } from "./config-of-gate.js";
import { withStore } from "./with-store.js";

export interface GateCommandDeps {
  send: (wish: Wish, config: Config) => Promise<{ accepted: boolean; sentence: string }>;
  /** The newest passes that the rules left open, newest first. */
  asked: (config: Config) => Promise<readonly PassRecord[]>;
  wallMs: () => number;
  user: () => string;
  ask: (question: string) => Promise<string>;
  /** Tells the gate on this machine that nobody is under the barrier; rejects with one sentence. */
  confirmAreaClear: (config: Config) => Promise<void>;
  out: (line: string) => void;
  err: (line: string) => void;
}

export const GATE_USAGE = `plategate gate open|close|release|stop   moves, releases or stops the barrier
plategate gate hold [--minutes N]       holds it open
plategate gate lock|unlock              locked, no plate opens it; it stays so over a restart
plategate gate waiting                  vehicles about which somebody has to decide
plategate gate approve|refuse [PASS]    lets such a vehicle in, or not; without PASS the only one that waits
plategate gate reset-passback PLATE     forgets on which side this plate was seen last
plategate gate test-pulse               one pulse, after you confirmed that nobody is under the barrier
All take --config FILE, --by NAME and --why TEXT. The gate answers; report.commands must be on or signed.`;

/** A pass is looked at as waiting for this long at most; the gate itself knows better whether the vehicle is still there. */
const WAITING_MS = 600_000;

/** Commands of a person at the machine, put to the running gate; exit code 1 when the gate refuses. */
export async function gateCommand(args: readonly string[], deps: GateCommandDeps = machine): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string" },
      by: { type: "string" },
      why: { type: "string" },
      minutes: { type: "string" },
    },
    allowPositionals: true,
  });
  const [what = "", subject, ...more] = positionals;
  const config = configOfGate(values.config);
  if (more.length > 0 || (subject !== undefined && !SUBJECTS.includes(what))) {
    deps.err(GATE_USAGE);
    return 2;
  }
  if (what === "waiting") return waiting(config, deps);
  const wish =
    what === "approve" || what === "refuse"
      ? await answerTo(what, subject, config, deps)
      : plain(what, subject, values.minutes);
  if (wish === null) {
    deps.err(GATE_USAGE);
    return 2;
  }
  if (typeof wish === "string") {
    deps.err(wish);
    return 1;
  }
  if (wish.command === "test-pulse" && !(await isClear(config, deps))) return 1;
  const why = values.why === undefined ? {} : { why: values.why };
  const { accepted, sentence } = await deps.send({ ...wish, by: values.by ?? deps.user(), ...why }, config);
  (accepted ? deps.out : deps.err)(sentence);
  return accepted ? 0 : 1;
}

/** Words after which a pass or a plate may stand. */
const SUBJECTS = ["approve", "refuse", "reset-passback"];

function plain(what: string, subject: string | undefined, minutes: string | undefined): Wish | null {
  if (minutes !== undefined && !(what === "hold" && Number(minutes) > 0)) return null;
  switch (what) {
    case "open":
    case "close":
    case "release":
    case "stop":
    case "test-pulse":
      return { command: what };
    case "reset-passback":
      return subject === undefined ? null : { command: what, plate: subject };
    case "hold":
      return {
        command: "hold",
        ...(minutes === undefined ? {} : { holdMs: Math.round(Number(minutes) * 60_000) }),
      };
    case "lock":
    case "unlock":
      return { command: "mode", mode: what === "lock" ? "locked" : "normal" };
    default:
      return null;
  }
}

/** Which pass is meant: the one that is named, or the only one; a guess between two would open for the wrong one. Else why not. */
async function answerTo(
  what: "approve" | "refuse",
  pass: string | undefined,
  config: Config,
  deps: GateCommandDeps,
): Promise<Wish | string> {
  if (pass !== undefined) return { command: what, pass };
  const open = await waitingNow(config, deps);
  const [only] = open;
  if (only === undefined) return "Nobody waits.";
  if (open.length > 1) return `${open.length} vehicles wait; name one: plategate gate waiting`;
  return { command: what, pass: only.id };
}

async function isClear(config: Config, { ask, confirmAreaClear, err }: GateCommandDeps): Promise<boolean> {
  const answer = await ask(
    "This opens the barrier once. Is nobody and nothing under it, and do you see it? Type CLEAR: ",
  );
  if (answer.trim() !== "CLEAR") {
    err("Not confirmed; nothing was sent.");
    return false;
  }
  await confirmAreaClear(config);
  return true;
}

async function waiting(config: Config, deps: GateCommandDeps): Promise<number> {
  const open = await waitingNow(config, deps);
  for (const p of open) {
    const seconds = Math.round((deps.wallMs() - p.startedAt) / 1000);
    deps.out(`${p.id}  ${p.plate.padEnd(10)} ${p.camera}, for ${seconds} s  ${p.sentence}`);
  }
  if (open.length === 0) deps.out("Nobody waits.");
  return 0;
}

async function waitingNow(config: Config, { asked, wallMs }: GateCommandDeps): Promise<PassRecord[]> {
  const passes = await asked(config);
  return passes.filter((p) => p.endedAt === null && wallMs() - p.startedAt < WAITING_MS);
}

const machine: GateCommandDeps = {
  send: (wish, config) =>
    sendCommand(wish, { config, clock: systemClock, log: createLog("warn", "command") }),
  async asked(config) {
    return withStore(config, async (store) => (await store.passes.list({ verdict: "ask", limit: 50 })).items);
  },
  wallMs: () => systemClock.wallMs(),
  user: () => userName(),
  ask,
  async confirmAreaClear({ web }) {
    const host = web.host === "0.0.0.0" || web.host === "::" ? "127.0.0.1" : web.host;
    const url = `http://${host.includes(":") ? `[${host}]` : host}:${web.port}/api/gate/area-clear`;
    const reply = await fetch(url, { method: "POST", signal: AbortSignal.timeout(5000) }).catch((error) => {
      throw new Error(`The gate cannot be told that the area is clear (${(error as Error).message}).`);
    });
    if (!reply.ok)
      throw new Error(
        "The gate takes that only on the machine itself: web.host must be 127.0.0.1, localhost or 0.0.0.0.",
      );
  },
  out: (line) => console.log(line),
  err: (line) => console.error(line),
};
