/** The Jetson board and its overlay against NVIDIA's own tables: a wrong pin would move something else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BOARDS_FOLDER } from "../../src/gate/board.js";

/**
 * Facts of the 40-pin header of the Orin Nano developer kit. Header pin, line offset and line name: NVIDIA/jetson-gpio,
 * gpio_pin_data.py, JETSON_ORIN_NX_PIN_DEFS. Pad: NVIDIA's tegra234-p3767-0000-common.h, HDR40_PIN*. Functions that the
 * pad can have: the kernel's pinctrl-tegra234.c; any other name makes the kernel refuse the whole overlay.
 */
const NVIDIA: Record<number, [offset: number, line: string, pad: string, functions: string]> = {
  7: [144, "PAC.06", "soc_gpio59_pac6", "aud i2s8 rsvd2 rsvd3"],
  11: [112, "PR.04", "uart1_rts_pr4", "uarta rsvd1 rsvd2 rsvd3"],
  13: [122, "PY.00", "spi3_sck_py0", "spi3 rsvd1 rsvd2 rsvd3"],
  15: [85, "PN.01", "soc_gpio39_pn1", "gp rsvd1 rsvd2 rsvd3"],
  16: [126, "PY.04", "spi3_cs1_py4", "spi3 rsvd1 rsvd2 rsvd3"],
  18: [125, "PY.03", "spi3_cs0_py3", "spi3 rsvd1 rsvd2 rsvd3"],
  22: [123, "PY.01", "spi3_miso_py1", "spi3 rsvd1 rsvd2 rsvd3"],
  29: [105, "PQ.05", "soc_gpio32_pq5", "rsvd0 extperiph3 dcb rsvd3"],
  31: [106, "PQ.06", "soc_gpio33_pq6", "rsvd0 extperiph4 dcb rsvd3"],
  33: [43, "PH.00", "soc_gpio21_ph0", "rsvd0 gp i2s7 rsvd3"],
  35: [53, "PI.02", "soc_gpio44_pi2", "rsvd0 i2s2 rsvd2 rsvd3"],
  36: [113, "PR.05", "uart1_cts_pr5", "uarta rsvd1 rsvd2 rsvd3"],
  37: [124, "PY.02", "spi3_mosi_py2", "spi3 rsvd1 rsvd2 rsvd3"],
  38: [52, "PI.01", "soc_gpio43_pi1", "rsvd0 i2s2 rsvd2 rsvd3"],
  40: [51, "PI.00", "soc_gpio42_pi0", "rsvd0 i2s2 rsvd2 rsvd3"],
};

interface Pin {
  offset: number;
  headerPin: number;
  gpio: string;
}

const board = JSON.parse(readFileSync(join(BOARDS_FOLDER, "jetson-orin-nano.json"), "utf8")) as {
  chip: string;
  outputs: Record<string, Pin>;
  inputs: Record<string, Pin>;
};
const overlay = readFileSync(join(BOARDS_FOLDER, "../overlays/plategate-jetson-orin-nano.dts"), "utf8");
const nodes = new Map(
  [...overlay.matchAll(/hdr40-pin(\d+) \{[^\n]*\n([^}]*)\}/g)].map((m) => [Number(m[1]), m[2] ?? ""]),
);
const value = (node: string, property: string) =>
  new RegExp(`nvidia,${property} = [<"]([^>"]*)[>"]`).exec(node)?.[1];

test("every line of the Jetson board is the one that NVIDIA's table has on that header pin", () => {
  assert.is(board.chip, "tegra234-gpio");
  const pins = [...Object.values(board.outputs), ...Object.values(board.inputs)];
  assert.is(pins.length, 15);
  for (const { headerPin, offset, gpio } of pins)
    assert.equal([offset, gpio], NVIDIA[headerPin]?.slice(0, 2), `header pin ${headerPin}`);
});

test("the overlay names the pad of every line, and a function that this pad has", () => {
  assert.equal(
    [...nodes.keys()].sort((a, b) => a - b),
    Object.keys(NVIDIA).map(Number),
  );
  for (const [pin, node] of nodes) {
    const [, , pad, functions] = NVIDIA[pin]!;
    assert.is(value(node, "pins"), pad, `header pin ${pin}`);
    const name = value(node, "function") ?? "";
    assert.ok(functions.split(" ").includes(name), `header pin ${pin}: ${name} is none of ${functions}`);
    // A pad that the kernel takes back from a dead process must not begin to drive something of its own.
    assert.match(name, /^rsvd/);
  }
});

test("the overlay pulls outputs down and inputs up, and only outputs drive", () => {
  for (const [pins, pull, tristate] of [
    [board.outputs, "1", "0"],
    [board.inputs, "2", "1"],
  ] as const)
    for (const { headerPin } of Object.values(pins)) {
      const node = nodes.get(headerPin) ?? "";
      assert.equal([value(node, "pull"), value(node, "tristate")], [pull, tristate], `pin ${headerPin}`);
    }
});

test.run();
