import { parseArgs } from "node:util";
import { replayDecision } from "../core/access.js";
import type { DecisionRecord } from "../core/records.js";
import { configOfGate } from "./config-of-gate.js";
import { withStore } from "./with-store.js";

export interface ReplayDeps {
  /** Decisions of one pass, or of the last `most` passes when no pass is named. */
  decisions: (
    configFile: string | undefined,
    passId: string | undefined,
    most: number,
  ) => Promise<readonly DecisionRecord[]>;
  out: (line: string) => void;
  err: (line: string) => void;
}

/** `plategate replay [PASS] [--last N]`: decides again from what was kept; exit code 1 when an answer differs. */
export async function replayCommand(args: readonly string[], deps: ReplayDeps = machine): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { config: { type: "string" }, last: { type: "string", default: "100" } },
    allowPositionals: true,
  });
  const most = Number(values.last);
  if (!Number.isInteger(most) || most < 1 || positionals.length > 1) {
    deps.err("usage: plategate replay [PASS] [--last N] [--config FILE]   N: a whole number from 1");
    return 2;
  }
  const decisions = await deps.decisions(values.config, positionals[0], most);
  if (decisions.length === 0) {
    deps.err(
      positionals[0] === undefined
        ? "There are no decisions yet."
        : `There is no decision of the pass ${positionals[0]}.`,
    );
    return 1;
  }
  let different = 0;
  for (const kept of decisions) {
    const now = again(kept);
    const before = `${kept.verdict} (${kept.reason})`;
    const at = new Date(kept.at).toISOString();
    if (now === before) deps.out(`same      ${at}  ${kept.plate}  ${before}  ${kept.sentence}`);
    else {
      different++;
      deps.out(`DIFFERENT ${at}  ${kept.plate}  was ${before}, is now ${now}`);
    }
  }
  deps.out(`${decisions.length} decisions, ${different} different.`);
  return different > 0 ? 1 : 0;
}

function again(kept: DecisionRecord): string {
  try {
    const { verdict, reason } = replayDecision(kept.evidence);
    return `${verdict} (${reason})`;
  } catch (error) {
    return `unreadable: ${(error as Error).message}`;
  }
}

const machine: ReplayDeps = {
  async decisions(configFile, passId, most) {
    const config = configOfGate(configFile);
    return withStore(config, async (store) => {
      if (passId !== undefined) return await store.passes.decisions(passId);
      const { items } = await store.passes.list({ limit: most });
      return (await Promise.all(items.map((pass) => store.passes.decisions(pass.id)))).flat();
    });
  },
  out: (line) => console.log(line),
  err: (line) => console.error(line),
};
