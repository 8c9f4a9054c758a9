/**
 * Sightings as they came at a gate, played again, with what had to happen. Every mishap in the field becomes one more file in
 * test/golden/lane: lines of JSON in the order of `t` (ms), first the rules and the wiring, last the story that is expected.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import type { AccessRule } from "../../src/core/records.js";
import type { Sighting } from "../../src/core/sighting.js";
import { createLane } from "../../src/gate/lane.js";
import { silentLog } from "../../src/system/log.js";
import { evidenceFor, rule, sightingOf } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";

interface Line {
  t?: number;
  rules?: (Partial<AccessRule> & { plate: string })[];
  inputs?: string[];
  see?: string;
  /** Probability of each character that was read. */
  chars?: number;
  with?: Partial<Sighting>;
  input?: string;
  active?: boolean;
  expect?: string[];
}

const folder = fileURLToPath(new URL("../../../test/golden/lane/", import.meta.url));

for (const file of readdirSync(folder).filter((f) => f.endsWith(".jsonl"))) {
  test(`replay: ${file.replace(".jsonl", "").replaceAll("-", " ")}`, async () => {
    const lines = readFileSync(folder + file, "utf8")
      .split("\n")
      .filter((l) => l.trim() !== "" && !l.startsWith("//"))
      .map((l) => JSON.parse(l) as Line);
    const { rules = [], inputs = [] } = lines[0] ?? {};
    const kit = gateKit({ inputs });
    const startMs = kit.clock.monotonicMs();
    const story: string[] = [];
    const tell = (text: string) => void story.push(`${kit.clock.monotonicMs() - startMs} ${text}`);
    kit.lines.onOutput((e) => {
      if (e.name === "lift") tell(e.energised ? "lift" : "release");
    });
    if (inputs.includes("closed")) kit.lines.drive("closed", true);
    await kit.gate.start();
    const names = new Map<string, string>();
    const lane = createLane({
      config: { ...defaultConfig(), cameras: [{ name: "front", direction: "entry" }] },
      clock: kit.clock,
      log: silentLog,
      rules: () => all,
      gate: kit.gate,
      clockTrusted: () => true,
      onPass(entry) {
        const name = names.get(entry.pass.id) ?? `pass ${names.size + 1}`;
        names.set(entry.pass.id, name);
        if (entry.decision)
          tell(`${name}: ${entry.decision.verdict} ${entry.decision.reason} ${entry.decision.plate}`);
        if (entry.pass.endedAt !== null) tell(`${name}: ended as ${entry.pass.plate}`);
      },
    });
    const all = rules.map(({ plate, ...more }) => rule(plate, more));
    for (const line of lines.slice(1)) {
      if (line.expect !== undefined) {
        kit.clock.advance(30_000);
        assert.equal(story, line.expect);
        return;
      }
      kit.clock.advance((line.t ?? 0) - (kit.clock.monotonicMs() - startMs));
      if (line.input !== undefined) kit.lines.drive(line.input, line.active === true);
      if (line.see === undefined) continue;
      const p = line.chars ?? 0.995;
      const sure = p ** line.see.length;
      lane.sighting(
        sightingOf(line.see, kit.clock.monotonicMs() - 60, {
          evidence: evidenceFor(line.see, p),
          probability: sure,
          candidates: [{ text: line.see, probability: sure }],
          ...line.with,
        }),
      );
    }
    assert.unreachable("the file ends without an expectation");
  });
}

test.run();
