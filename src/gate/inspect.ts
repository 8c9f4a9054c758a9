import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { resolveLines } from "./board.js";
import type { LineConfig } from "./settings.js";
import { globalNumber, listSysfsChips, SYSFS_GPIO } from "./sysfs-chips.js";

export interface LineFinding {
  state: "good" | "warning" | "bad";
  /** What is so, and when it is not good, what to do. */
  sentence: string;
}

/** What can be said of the lines of this machine without opening one; for `plategate doctor`. */
export function inspectLines(config: LineConfig, roots = { sysfs: SYSFS_GPIO, dev: "/dev" }): LineFinding[] {
  const findings: LineFinding[] = [];
  const add = (state: LineFinding["state"], sentence: string) => void findings.push({ state, sentence });
  let lines: ReturnType<typeof resolveLines>;
  try {
    lines = resolveLines(config);
  } catch (error) {
    return [{ state: "bad", sentence: (error as Error).message }];
  }
  const outputs = Object.values(lines.outputs);
  add("good", `${lines.board}: ${outputs.length} outputs, ${Object.keys(lines.inputs).length} inputs.`);
  if (config.driver === "simulated") {
    add(
      "warning",
      "The lines are simulated: no relay is pulled. For a real gate set lines.driver: auto and lines.board.",
    );
    return findings;
  }
  const chips = [...new Set(outputs.concat(Object.values(lines.inputs)).map((s) => s.chip))];
  const sysfs = attempt(() => {
    const known = listSysfsChips(roots.sysfs);
    for (const chip of chips) globalNumber({ chip, offset: 0 }, known, roots.sysfs);
    accessSync(`${roots.sysfs}/export`, constants.W_OK);
  });
  const chardev = attempt(() => {
    const devices = readdirSync(roots.dev).filter((name) => /^gpiochip\d+$/.test(name));
    if (devices.length === 0) throw new Error(`there is no ${roots.dev}/gpiochip*`);
    for (const name of devices) accessSync(`${roots.dev}/${name}`, constants.R_OK | constants.W_OK);
    if (spawnSync("perl", ["-e", "1"]).status !== 0)
      throw new Error("perl cannot be started; install perl-base");
  });
  const wanted = config.driver === "auto" ? lines.drivers : [config.driver];
  for (const [kind, problem] of [
    ["onoff", sysfs],
    ["chardev", chardev],
  ] as const) {
    if (problem === "") add("good", `The driver ${kind} can be used.`);
    else
      add(
        wanted.includes(kind) && wanted.length === 1 ? "bad" : "warning",
        `The driver ${kind} cannot be used: ${problem}`,
      );
  }
  if (sysfs !== "" && chardev !== "") add("bad", "No driver can reach a line here; see hw/README.md.");
  return findings;
}

function attempt(look: () => void): string {
  try {
    look();
    return "";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "EACCES" ? `${message}; add the user to the group gpio (hw/udev).` : message;
  }
}
