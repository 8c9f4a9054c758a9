import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DATABASE_NAME } from "../store/sql/backend.js";
import { verifyLog } from "../store/verify.js";
import { configOfGate } from "./config-of-gate.js";

/** `plategate verify-log [--config FILE] [DATABASE]`: proves that the log of decisions and changes is as it was written. */
export async function verifyLogCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: { type: "string" } },
  });
  const config = configOfGate(values.config);
  if (positionals.length === 0 && config.store.kind === "json") {
    console.error("The log of a JSON store cannot be proved by this command, only that of store.kind sql.");
    return 1;
  }
  const file = positionals[0] ?? join(resolve(config.dataFolder), DATABASE_NAME);
  if (!existsSync(file)) {
    console.error(`${file}: there is no database here, so there is no log to prove.`);
    return 1;
  }
  const report = verifyLog(file);
  for (const problem of report.problems) console.log(problem);
  console.log(
    `${report.links} entries, ${report.forgotten} of them without their content; newest ${report.head}.`,
  );
  console.log(
    report.problems.length === 0
      ? "The log is as it was written."
      : `${report.problems.length} problems: the log cannot be trusted.`,
  );
  return report.problems.length === 0 ? 0 : 1;
}
