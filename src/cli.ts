#!/usr/bin/env node
import { parseArgs } from "node:util";
import { ConfigError, configAt } from "./config.js";
import { systemClock } from "./system/clock.js";
import { silentLog } from "./system/log.js";
import { createNotify } from "./system/notify.js";

/** A command of `plategate`: takes its own arguments, returns the exit code; 2: called or configured wrongly, as the unit of systemd knows. */
type Command = (args: string[]) => Promise<number>;

interface Entry {
  usage: string;
  sentence: string;
  /** Imported only when it is asked for: `read` needs no database, `rules` no camera. */
  load: () => Promise<Command>;
}

const commands: Record<string, Entry> = {
  run: {
    usage: "run [--config FILE] [--camera SOURCE]",
    sentence: "runs the appliance; without a file on embedded defaults",
    load: async () => run,
  },
  read: {
    usage: "read [--json] [--annotate DIR] [--countries DE,FR] PATH…",
    sentence: "reads the plates in photos or folders of photos",
    load: async () => (await import("./commands/read.js")).readCommand,
  },
  watch: {
    usage: "watch [--json] [--config FILE] VIDEO|URI",
    sentence: "tells the passes in a video or stream; touches no line and no store",
    load: async () => (await import("./commands/watch.js")).watchCommand,
  },
  rules: {
    usage: "rules add|list|remove|check|import …",
    sentence: "keeps the lists of plates that may or may not pass",
    load: async () => (await import("./commands/rules.js")).rulesCommand,
  },
  register: {
    usage: "register add|list|remove …",
    sentence: "keeps who lives or works here and what they drive",
    load: async () => (await import("./commands/register.js")).registerCommand,
  },
  check: {
    usage: "check [--config FILE]",
    sentence: "compares recordings and database, and says what does not fit",
    load: async () => (await import("./commands/check.js")).checkCommand,
  },
  "verify-log": {
    usage: "verify-log [--config FILE]",
    sentence: "proves that no decision and no setting was changed afterwards",
    load: async () => (await import("./commands/verify-log.js")).verifyLogCommand,
  },
  erase: {
    usage: "erase PLATE [--with-video] [--trim] [--config FILE]",
    sentence: "removes a plate from database, pictures, clips and video",
    load: async () => (await import("./commands/erase.js")).eraseCommand,
  },
  export: {
    usage: "export FILE.jsonl|FILE.csv [--config FILE]",
    sentence: "writes everything, or the rules alone, into a file",
    load: async () => (await import("./commands/export-import.js")).exportCommand,
  },
  import: {
    usage: "import FILE.jsonl|FILE.csv|FOLDER [--config FILE]",
    sentence: "takes an export, a list of rules, or the folder of a JSON store",
    load: async () => (await import("./commands/export-import.js")).importCommand,
  },
  replay: {
    usage: "replay [PASS] [--last N]",
    sentence: "decides again from what was kept, and says where the answer differs",
    load: async () => (await import("./commands/replay.js")).replayCommand,
  },
  lines: {
    usage: "lines list|watch|test …",
    sentence: "looks at and tries the lines while a gate is being set up",
    load: async () => (await import("./commands/lines.js")).linesCommand,
  },
  gate: {
    usage: "gate open|close|hold|release|stop|lock|unlock|waiting|approve|refuse …",
    sentence: "puts a command to the running gate, and answers for vehicles that wait",
    load: async () => (await import("./commands/gate.js")).gateCommand,
  },
  settings: {
    usage: "settings [--markdown]",
    sentence: "prints every setting with its default",
    load: async () => (await import("./commands/settings.js")).settingsCommand,
  },
  doctor: {
    usage: "doctor [--config FILE] [--json]",
    sentence: "tells what works on this machine",
    load: async () => (await import("./commands/doctor.js")).doctorCommand,
  },
};

// `| head` closes the pipe: what prints has nobody left to print for; the appliance goes on without its terminal.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (process.argv[2] === "run") return;
  if (error.code === "EPIPE") process.exit(0);
  // A list that was cut short by a full disk must not pass for the whole one.
  console.error(
    `plategate ${process.argv[2]}: what it says cannot be written (${error.code}); it is not whole.`,
  );
  process.exit(1);
});
const code = await main(process.argv.slice(2));
// What could not be written is only told in the next turn.
setImmediate(() => process.exit(code));

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  const entry = commands[name];
  if (entry === undefined) {
    console.error(`plategate: there is no command '${name}'.\n\n${usage()}`);
    return 2;
  }
  try {
    return await (await entry.load())(args);
  } catch (error) {
    if (error instanceof ConfigError || isUsageError(error)) {
      console.error(`plategate ${name}: ${(error as Error).message}`);
      return 2;
    }
    console.error(`plategate ${name}: ${(error as Error).message ?? error}`);
    if (process.env.PLATEGATE_DEBUG) console.error(error);
    return 1;
  }
}

async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string" }, camera: { type: "string" } },
  });
  try {
    const config = configAt(values.config);
    if (values.camera !== undefined) config.cameras[0]!.source = values.camera;
    const { runAppliance } = await import("./main.js");
    return await runAppliance(config);
  } catch (error) {
    if (error instanceof ConfigError)
      await createNotify({ clock: systemClock, log: silentLog }).failed(error.message);
    throw error;
  }
}

function isUsageError(error: unknown): boolean {
  return String((error as { code?: unknown }).code ?? "").startsWith("ERR_PARSE_ARGS");
}

function usage(): string {
  const width = Math.max(...Object.values(commands).map((c) => c.usage.length));
  const rows = Object.values(commands).map((c) => `  plategate ${c.usage.padEnd(width)}  ${c.sentence}`);
  return ["Plategate reads licence plates and opens the gate for those who may pass.", "", ...rows].join(
    "\n",
  );
}
