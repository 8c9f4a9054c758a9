import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { accessSettings, barrierSettings, lineSettings } from "./gate/settings.js";
import { brokerSettings, reportSettings } from "./report/settings.js";
import { masked } from "./system/masked.js";

const ms = (byDefault: number, min: number, max: number) =>
  z.number().int().min(min).max(max).default(byDefault);
const section = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).prefault({} as never);

const camera = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, "use 1 to 32 of a-z, 0-9 and -")
    .default("front")
    .describe("name in topics and file names"),
  source: z
    .string()
    .min(1)
    .default("demo")
    .describe(
      "demo, a video file, a folder of photos, rtsp://…, v4l2:/dev/video0, libcamera:, nvargus:, or a raw GStreamer pipeline",
    ),
  direction: z
    .enum(["entry", "exit", "both"])
    .default("both")
    .describe("what an approaching vehicle wants at this camera"),
  analysisFps: z.number().min(1).max(60).default(15).describe("frames looked at per second, at most"),
  minConfidence: z
    .number()
    .min(0.05)
    .max(0.95)
    .default(0.35)
    .describe("detector confidence below which nothing is tracked"),
  zone: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .refine(
      ([left, top, right, bottom]) =>
        0 <= left && left < right && right <= 1 && 0 <= top && top < bottom && bottom <= 1,
      "write left, top, right and bottom as shares of the picture, such as [0, 0.4, 1, 1] for its lower part",
    )
    .default([0, 0, 1, 1])
    .describe("part of the picture to look at: left, top, right, bottom, 0 to 1"),
  record: z.boolean().default(true).describe("keep video of this camera in the ring"),
});

const shape = z.strictObject({
  site: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, "use 1 to 32 of a-z, 0-9 and -")
    .default("demo")
    .describe("site name, part of every topic"),
  gate: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, "use 1 to 32 of a-z, 0-9 and -")
    .default("main")
    .describe("gate name, part of every topic"),
  timeZone: z
    .string()
    .refine(isTimeZone, "there is no such time zone; use a name such as Europe/Berlin, or local")
    .default("local")
    .describe("IANA time zone of schedules; `local`: the machine's"),
  dataFolder: z.string().min(1, "name a folder").default("var").describe("folder of database and recordings"),
  cameras: z
    .array(camera)
    .min(1)
    .max(4)
    .superRefine((cameras, context) => {
      const names = cameras.map((c) => c.name);
      for (const [i, name] of names.entries())
        if (names.indexOf(name) < i)
          context.addIssue({
            code: "custom",
            path: [i, "name"],
            message: `there are two cameras named ${name}; give each a name of its own`,
          });
    })
    .prefault([{}])
    .describe("one eye process each"),
  models: section({
    folder: z.string().default("").describe("folder of the models; empty: those that came with the program"),
    threads: z.number().int().min(1).max(8).default(1).describe("threads of each model session"),
    enhance: z
      .boolean()
      .default(false)
      .describe(
        "read plates that are hard to read a second time through the enhancer, and keep what it makes of them with the pass",
      ),
  }),
  access: accessSettings,
  barrier: barrierSettings,
  lines: lineSettings,
  recording: section({
    segmentSeconds: z
      .number()
      .int()
      .min(2)
      .max(300)
      .default(10)
      .describe("length of one file of the ring in seconds"),
    maxBytes: z.number().int().min(10_000_000).default(4_000_000_000).describe("size of the ring in bytes"),
    maxAgeDays: z.number().min(0.01).max(365).default(7).describe("age at which plain video goes, in days"),
    minFreeBytes: z
      .number()
      .int()
      .min(0)
      .default(500_000_000)
      .describe("free space on the card that is never used, in bytes"),
    preRollMs: ms(5000, 0, 60000).describe("video kept before a pass, in ms"),
    postRollMs: ms(5000, 0, 60000).describe("video kept after a pass, in ms"),
    clipMaxBytes: z
      .number()
      .int()
      .min(10_000_000)
      .default(2_000_000_000)
      .describe("size of all clips together in bytes, pinned ones not counted"),
    clipDays: z
      .number()
      .min(0.01)
      .max(3650)
      .default(30)
      .describe("days that clips of listed plates are kept"),
    unknownClipDays: z
      .number()
      .min(0.01)
      .max(3650)
      .default(7)
      .describe("days that clips of plates on no list are kept"),
    dailyWriteBytes: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe("bytes a day above which video rests until midnight UTC, to spare the card; 0: no limit"),
  }),
  store: section({
    kind: z
      .enum(["sql", "json"])
      .default("sql")
      .describe("sql: SQLite; json: plain files for small installations and tests"),
    passDays: z
      .number()
      .min(1)
      .max(3650)
      .default(90)
      .describe("days that passes, readings and decisions are kept"),
    pictureDays: z.number().min(1).max(3650).default(30).describe("days that crops and frames are kept"),
    edgeDays: z.number().min(1).max(3650).default(30).describe("days that levels of lines are kept"),
    auditDays: z.number().min(1).max(3650).default(400).describe("days that the log of changes is kept"),
    unknownPlates: z
      .enum(["keep", "hash"])
      .default("keep")
      .describe(
        "hash: of plates that no rule names only a keyed hash is kept, no text, no picture and no clip",
      ),
  }),
  report: reportSettings,
  broker: brokerSettings,
  web: section({
    host: z.string().default("127.0.0.1").describe("address the page listens on"),
    port: z.number().int().min(0).max(65535).default(8080).describe("its port; 0: any free one"),
    hosts: z
      .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, "is not a host name"))
      .max(16)
      .default([])
      .describe(
        "more names under which the page may be asked for; the machine's own name and addresses always work",
      ),
  }),
  log: section({
    level: z
      .enum(["debug", "info", "warn", "error", "silent"])
      .default("info")
      .describe("least level that is logged"),
  }),
});

/** Every setting of the appliance, with defaults filled in. */
export type Config = z.infer<typeof shape> & {
  /** File, line and name of a setting, such as `gate.yaml:9: lines.outputs.close`, for problems that only show later; not there for the defaults. */
  where?: (path: readonly string[]) => string;
};
export const configShape = shape;

/** A configuration that cannot be used: one message that names every problem with its line. */
export class ConfigError extends Error {}

/** Reads a YAML file; throws `ConfigError` naming all its problems at once. */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${file}: cannot be read (${(error as Error).message}); name a YAML file that exists.`,
    );
  }
  return parseConfig(text, file);
}

/** Checks the text of a configuration; `file` is its name in messages. */
export function parseConfig(text: string, file = "config"): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  // A tag that nobody knows, such as !secret, is only a warning there, and would be dropped without a word.
  const problems = [...document.errors, ...document.warnings].map((e) => ({
    line: lines.linePos(e.pos[0]).line,
    text: e.message.replace(/ at line \d+, column \d+:[\s\S]*$/, "."),
  }));
  let content: unknown;
  try {
    if (problems.length === 0) content = document.toJS() ?? {};
  } catch (error) {
    // An alias without its anchor, or a file made to fill the memory: only found when the aliases are followed.
    problems.push({
      line: lines.linePos(Math.max(0, text.indexOf("*"))).line,
      text: (error as Error).message,
    });
  }
  if (problems.length === 0) {
    const result = shape.safeParse(content, { error: hint });
    if (result.success) {
      const where = (path: readonly string[]) => `${file}:${lineOf(path)}: ${path.join(".")}`;
      // Not enumerable: it is no setting, and a configuration is compared and printed without it.
      return Object.defineProperty(result.data, "where", { value: where });
    }
    for (const issue of result.error.issues) {
      for (const path of issue.code === "unrecognized_keys"
        ? issue.keys.map((k) => [...issue.path, k])
        : [issue.path]) {
        const sentence = issue.code === "unrecognized_keys" ? "there is no such setting" : issue.message;
        problems.push({ line: lineOf(path), text: `${path.join(".") || "the file"}: ${sentence}` });
      }
    }
  }
  problems.sort((a, b) => a.line - b.line);
  throw new ConfigError(
    `${file} has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n${problems.map((p) => `  line ${p.line}: ${masked(p.text)}`).join("\n")}`,
  );

  /** The line of the deepest part of `path` that stands in the file. */
  function lineOf(path: readonly PropertyKey[]): number {
    for (let n = path.length; n > 0; n--) {
      const parent = n === 1 ? document.contents : document.getIn(path.slice(0, n - 1), true);
      const items = (
        parent as { items?: { key?: { value: unknown; range?: number[] }; range?: number[] }[] } | null
      )?.items;
      const last = path[n - 1];
      const item = typeof last === "number" ? items?.[last] : items?.find((i) => i.key?.value === last);
      const at = item?.key?.range?.[0] ?? item?.range?.[0];
      if (at !== undefined) return lines.linePos(at).line;
    }
    return 1;
  }
}

/** What to write instead, where YAML has read something else than was meant: `yes` is a text and 08 a number. */
function hint(issue: z.core.$ZodRawIssue): string | undefined {
  const { code, input } = issue;
  if (code === "invalid_value" && issue.values.some((v) => v === String(input)) && typeof input !== "string")
    return `put it in quotes: "${input}"`;
  if (code !== "invalid_type") return undefined;
  if (input === undefined) return "is missing";
  if (issue.expected === "object")
    return input === null
      ? "the section is empty; write its settings below it, further in, or take it out"
      : "write its settings below it, further in, one a line";
  if (input === null) return "is empty; write a value, or take it out";
  if (issue.expected === "boolean") return "write true or false, without quotes";
  if (issue.expected === "array") return "write a list, each item with a dash in front";
  if (issue.expected === "string" && ["number", "boolean"].includes(typeof input)) return "put it in quotes";
  if (["number", "int"].includes(issue.expected) && typeof input === "string")
    return "write a plain number, without unit and quotes";
  return undefined;
}

function isTimeZone(name: string): boolean {
  try {
    if (name !== "local") new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The configuration of `npm start`: demo camera, simulated lines, embedded broker. */
export function defaultConfig(): Config {
  return shape.parse({});
}

/** The configuration in this file; without one the defaults. Throws `ConfigError`. */
export function configAt(file: string | undefined): Config {
  return file === undefined ? defaultConfig() : loadConfig(file);
}
