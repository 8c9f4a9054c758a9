import { test } from "uvu";
import * as assert from "uvu/assert";
import { inspectLines } from "../../src/gate/inspect.js";
import { releaseList } from "../../src/gate/releases.js";
import { lineSettings } from "../../src/gate/settings.js";
import { globalNumber, listSysfsChips } from "../../src/gate/sysfs-chips.js";
import { sysfsTree } from "../support/fake-lines.js";

/** Chips as kernels of these boards list them. */
const machines: Record<
  string,
  { chips: Parameters<typeof sysfsTree>[0]; place: { chip: string; offset: number }; number: number }
> = {
  "Raspberry Pi 4, kernel 6.1": {
    chips: [
      { dir: "gpiochip0", label: "pinctrl-bcm2711", base: 0, lines: 58 },
      { dir: "gpiochip504", label: "raspberrypi-exp-gpio", base: 504, lines: 8 },
    ],
    place: { chip: "pinctrl-bcm2711", offset: 17 },
    number: 17,
  },
  "Raspberry Pi 4, kernel 6.6 and later": {
    chips: [
      { dir: "gpiochip512", label: "pinctrl-bcm2711", base: 512, lines: 58 },
      { dir: "gpiochip570", label: "raspberrypi-exp-gpio", base: 570, lines: 8 },
    ],
    place: { chip: "pinctrl-bcm2711", offset: 17 },
    number: 529,
  },
  "Raspberry Pi 5, header chip last": {
    chips: [
      { dir: "gpiochip512", label: "gpio-brcmstb@107d508500", base: 512, lines: 32 },
      { dir: "gpiochip544", label: "gpio-brcmstb@107d508520", base: 544, lines: 4 },
      { dir: "gpiochip548", label: "gpio-brcmstb@107d517c00", base: 548, lines: 15 },
      { dir: "gpiochip563", label: "gpio-brcmstb@107d517c20", base: 563, lines: 6 },
      { dir: "gpiochip569", label: "pinctrl-rp1", base: 569, lines: 54 },
    ],
    place: { chip: "pinctrl-rp1", offset: 17 },
    number: 586,
  },
  "Raspberry Pi 5, header chip first": {
    chips: [
      { dir: "gpiochip512", label: "pinctrl-rp1", base: 512, lines: 54 },
      { dir: "gpiochip566", label: "gpio-brcmstb@107d508500", base: 566, lines: 32 },
      { dir: "gpiochip598", label: "gpio-brcmstb@107d508520", base: 598, lines: 4 },
    ],
    place: { chip: "pinctrl-rp1", offset: 17 },
    number: 529,
  },
  "Raspberry Pi 3, kernel 6.1, the other chip first": {
    chips: [
      { dir: "gpiochip450", label: "raspberrypi-exp-gpio", base: 450, lines: 8 },
      { dir: "gpiochip458", label: "pinctrl-bcm2835", base: 458, lines: 54 },
    ],
    place: { chip: "pinctrl-bcm2835", offset: 17 },
    number: 475,
  },
  "Jetson Orin, kernel 5.10": {
    chips: [
      { dir: "gpiochip316", label: "tegra234-gpio-aon", base: 316, lines: 32 },
      { dir: "gpiochip348", label: "tegra234-gpio", base: 348, lines: 164 },
    ],
    place: { chip: "tegra234-gpio", offset: 144 },
    number: 492,
  },
};

for (const [name, { chips, place, number }] of Object.entries(machines)) {
  test(`the global number is found by the chip's label (${name})`, () => {
    const tree = sysfsTree(chips);
    assert.is(globalNumber(place, listSysfsChips(tree.root)), number);
    tree.end();
  });
}

test("no sysfs, no such chip, two of the same label and an offset too big are refused, saying what is there", () => {
  assert.throws(() => listSysfsChips("/nowhere/gpio"), /chardev/);
  const one = [{ label: "pinctrl-rp1", base: 512, lines: 54 }];
  assert.throws(
    () => globalNumber({ chip: "pinctrl-bcm2711", offset: 17 }, one),
    /one that is here: pinctrl-rp1/,
  );
  assert.throws(() => globalNumber({ chip: "pinctrl-bcm2711", offset: 17 }, []), /none/);
  assert.throws(() => globalNumber({ chip: "pinctrl-rp1", offset: 54 }, one), /0 to 53/);
  assert.throws(() => globalNumber({ chip: "pinctrl-rp1", offset: 17 }, [...one, ...one]), /2 GPIO chips/);
  assert.throws(
    () =>
      globalNumber({ chip: "pinctrl-rp1", offset: 17 }, [
        { label: "pinctrl-rp1", base: Number.NaN, lines: 54 },
      ]),
    /no base/,
  );
});

test("the list for the release script has every output with its safe level", () => {
  const tree = sysfsTree(machines["Raspberry Pi 4, kernel 6.6 and later"]!.chips);
  const lines = {
    board: "test",
    drivers: [],
    inputs: {},
    outputs: {
      lift: { name: "lift", chip: "pinctrl-bcm2711", offset: 17, activeLow: false },
      hold: { name: "hold", chip: "pinctrl-bcm2711", offset: 23, activeLow: true },
    },
  };
  assert.is(
    releaseList("onoff", lines, tree.root),
    `sysfs ${tree.root}/gpio529/value 0\nsysfs ${tree.root}/gpio535/value 1\n`,
  );
  assert.is(releaseList("chardev", lines), "chardev 0 17 pinctrl-bcm2711\nchardev 1 23 pinctrl-bcm2711\n");
  tree.end();
});

test("a machine's lines are described without opening one", () => {
  const here = { sysfs: "/nowhere/gpio", dev: "/nowhere/dev" };
  const states = (config: object) =>
    inspectLines(lineSettings.parse(config), here)
      .map((f) => f.state)
      .join(" ");
  assert.is(states({}), "good warning");
  assert.is(states({ driver: "auto", board: "raspberry-pi-4" }), "good warning warning bad");
  assert.is(states({ driver: "auto", board: "jetson-orin-nano" }), "good warning bad bad");
  assert.is(states({ board: "no-such-board" }), "bad");
});

test.run();
