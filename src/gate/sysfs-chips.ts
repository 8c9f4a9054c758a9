import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LineError } from "./lines.js";

export const SYSFS_GPIO = "/sys/class/gpio";

export interface SysfsChip {
  label: string;
  base: number;
  lines: number;
}

/** The GPIO chips that sysfs knows; their numbers differ from kernel to kernel, only the label stays. */
export function listSysfsChips(root = SYSFS_GPIO): readonly SysfsChip[] {
  let names: string[];
  try {
    names = readdirSync(root).filter((name) => /^gpiochip\d+$/.test(name));
  } catch {
    throw new LineError(
      `This kernel has no GPIO under ${root}; use the driver chardev, or a kernel with CONFIG_GPIO_SYSFS.`,
    );
  }
  return names.map((name) => {
    const read = (file: string) => readFileSync(join(root, name, file), "utf8").trim();
    return { label: read("label"), base: Number(read("base")), lines: Number(read("ngpio")) };
  });
}

/**
 * The global number of a line. Kernels since 6.6 begin at 512, older ones count down from the top, and a Raspberry Pi 5
 * has several chips in any order: so exactly one chip must have the label, and nothing is guessed.
 */
export function globalNumber(
  place: { chip: string; offset: number },
  chips: readonly SysfsChip[],
  root = SYSFS_GPIO,
): number {
  const fitting = chips.filter((chip) => chip.label === place.chip);
  const [chip] = fitting;
  if (chip === undefined) {
    const known = chips.map((c) => c.label).join(", ") || "there is none";
    throw new LineError(
      `There is no GPIO chip “${place.chip}” under ${root}; write the label of one that is here: ${known}.`,
    );
  }
  if (fitting.length > 1)
    throw new LineError(
      `${fitting.length} GPIO chips are called “${place.chip}” under ${root}; sysfs cannot tell them apart, use the driver chardev.`,
    );
  if (!Number.isInteger(chip.base) || chip.base < 0 || !Number.isInteger(chip.lines))
    throw new LineError(`The chip “${chip.label}” under ${root} tells no base and number of lines.`);
  if (place.offset >= chip.lines)
    throw new LineError(
      `The chip ${chip.label} has the lines 0 to ${chip.lines - 1}, and no ${place.offset}.`,
    );
  return chip.base + place.offset;
}
