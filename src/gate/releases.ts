import { join } from "node:path";
import type { GateLines } from "./board.js";
import { globalNumber, listSysfsChips, SYSFS_GPIO } from "./sysfs-chips.js";

/** How every output is released without this program: the list that hw/release-lines.sh reads. */
export function releaseList(kind: "onoff" | "chardev", lines: GateLines, root = SYSFS_GPIO): string {
  const outputs = Object.values(lines.outputs);
  if (kind === "chardev")
    return outputs.map((o) => `chardev ${o.activeLow ? 1 : 0} ${o.offset} ${o.chip}\n`).join("");
  const chips = listSysfsChips(root);
  return outputs
    .filter((o) => chips.some((c) => c.label === o.chip && o.offset < c.lines))
    .map(
      (o) => `sysfs ${join(root, `gpio${globalNumber(o, chips, root)}`, "value")} ${o.activeLow ? 1 : 0}\n`,
    )
    .join("");
}
