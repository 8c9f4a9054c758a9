/** The emulated board is seldom started; what it is started with must not rot meanwhile. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../../src/config.js";
import { resolveLines } from "../../src/gate/board.js";

const folder = fileURLToPath(new URL("../../../test/rig/", import.meta.url));

test("the configuration of the emulated board is one that the program takes, with both drivers", () => {
  const text = readFileSync(join(folder, "whole.yaml"), "utf8");
  for (const driver of ["onoff", "chardev"]) {
    const config = parseConfig(text.replace("DRIVER", driver).replace("PULSE_MS", "500"), "whole.yaml");
    assert.equal([config.lines.driver, config.lines.board, config.barrier.pulseMs], [driver, "rig", 500]);
    const lines = resolveLines({ ...config.lines, board: "board" }, folder);
    assert.equal(Object.keys(lines.outputs).sort(), ["close", "green", "hold", "lift"]);
    assert.equal(Object.keys(lines.inputs).sort(), ["beam", "exit", "fire"]);
  }
});

test.run();
