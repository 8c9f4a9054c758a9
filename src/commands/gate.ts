import { userInfo } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Config, defaultConfig, loadConfig } from "../config.js";
import type { PassRecord } from "../core/records.js";
import { sendCommand, type Wish } from "../report/send-command.js";
import { createStore } from "../store/store.js";
import { systemClock } from "../system/clock.js";
import { createLog } from "../system/log.js";

export interface GateCommandDeps {
  send: (wish: Wish, config: Config) => Promise<{ accepted: boolean; sentence: string }>;
  /** The newest passes that the rules left open, newest first. */
  asked: (config: Config) => Promise<readonly PassRecord[]>;
  wallMs: () => number;
  user: () => string;
  out: (line: string) => void;
  err: (line: string) => void;
}

export const GATE_USAGE = `plategate gate open|close|release|stop   moves, releases or stops the barrier
plategate gate hold [--minutes N]       holds it open
plategate gate lock|unlock              locked, no plate opens it; it stays so over a restart
plategate gate waiting                  vehicles about which somebody has to decide
plategate gate approve|refuse [PASS]    lets such a vehicle in, or not; without PASS the only one that waits
All take --config FILE and --by NAME. The gate answers; report.commands must be on or signed.`;

/** A pass is looked at as waiting for this long at most; the gate itself knows better whether the vehicle is still there. */
const WAITING_MS = 600_000;

/** Commands of a person at the machine, put to the running gate; exit code 1 when the gate refuses. */
export async function gateCommand(args: readonly string[], deps: GateCommandDeps = machine): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { config: { type: "string" }, by: { type: "string" }, minutes: { type: "string" } },
    allowPositionals: true,
  });
  const [what = "", pass, ...more] = positionals;
  const answers = what === "approve" || what === "refuse";
  const config = values.config === undefined ? defaultConfig() : loadConfig(values.config);
  if (what === "waiting" && pass === undefined) return waiting(config, deps);
  const wish = answers ? await answerTo(what, pass, config, deps) : plain(what, values.minutes);
  if (wish === null || more.length > 0 || (!answers && pass !== undefined)) {
    if (wish !== null || !answers) deps.err(GATE_USAGE);
    return wish === null && answers ? 1 : 2;
  }
  const { accepted, sentence } = await deps.send({ ...wish, by: values.by ?? deps.user() }, config);
  (accepted ? deps.out : deps.err)(sentence);
  return accepted ? 0 : 1;
}

function plain(what: string, minutes: string | undefined): Wish | null {
  if (minutes !== undefined && !(what === "hold" && Number(minutes) > 0)) return null;
  switch (what) {
    case "open":
    case "close":
    case "release":
    case "stop":
      return { command: what };
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

/** Which pass is meant: the one that is named, or the only one. A guess between two would open for the wrong one. */
async function answerTo(
  what: "approve" | "refuse",
  pass: string | undefined,
  config: Config,
  deps: GateCommandDeps,
): Promise<Wish | null> {
  if (pass !== undefined) return { command: what, pass };
  const open = await waitingNow(config, deps);
  const [only] = open;
  if (only !== undefined && open.length === 1) return { command: what, pass: only.id };
  deps.err(
    only === undefined ? "Nobody waits." : `${open.length} vehicles wait; name one: plategate gate waiting`,
  );
  return null;
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
    const store = createStore({
      config: config.store,
      folder: resolve(config.dataFolder),
      clock: systemClock,
      log: createLog("error", "store"),
    });
    await store.start();
    try {
      return (await store.passes.list({ verdict: "ask", limit: 50 })).items;
    } finally {
      await store.close();
    }
  },
  wallMs: () => systemClock.wallMs(),
  user: () => userInfo().username,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
};
