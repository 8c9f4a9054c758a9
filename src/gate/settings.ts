import { z } from "zod";
import { INPUT_NAMES, OUTPUT_NAMES } from "../core/barrier-types.js";

const ms = (byDefault: number, min: number, max: number) =>
  z.number().int().min(min).max(max).default(byDefault);
const section = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).prefault({} as never);

/** Settings of the access decision. */
export const accessSettings = section({
  minProbability: z
    .number()
    .min(0.5)
    .max(0.9999)
    .default(0.9)
    .describe("probability that the plate is the listed one, below which nothing opens"),
  denyProbability: z
    .number()
    .min(0.01)
    .max(0.5)
    .default(0.1)
    .describe("probability of a denied plate from which on nothing opens, whoever it may be else"),
  maxFrameAgeMs: ms(1500, 100, 10000).describe("age of the newest frame, in ms, above which nothing opens"),
  maxCommandAgeMs: ms(3000, 100, 10000).describe("age of a command, in ms, above which the gate refuses it"),
  unknown: z.enum(["deny", "ask"]).default("deny").describe("verdict for a plate that no rule names"),
  clockUntrusted: z
    .enum(["deny", "allow-unscheduled"])
    .default("allow-unscheduled")
    .describe("what rules with dates do while the clock cannot be trusted"),
  oddVehicle: z
    .enum(["off", "flag", "ask"])
    .default("flag")
    .describe(
      "a known plate on a vehicle that looks like none it came on before: off; flag: say so; ask: and a person decides",
    ),
  minLikeness: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("likeness to the most alike of its earlier passes below which a vehicle counts as another one"),
  antiPassbackResetMs: ms(43_200_000, 0, 604_800_000).describe(
    "time after which a vehicle may enter again without having left, in ms; 0: never",
  ),
});

/** Settings of the barrier machine. */
export const barrierSettings = section({
  pulseMs: ms(500, 100, 5000).describe("length of the lift pulse in ms"),
  holdOffMs: ms(3000, 0, 60000).describe("no second pulse within this many ms of a successful one"),
  openMs: ms(15000, 1000, 120000).describe(
    "how long the barrier counts as open without a limit switch, in ms",
  ),
  travelMs: ms(8000, 500, 60000).describe("time to reach a limit before it is a fault, in ms"),
  assumeOpenMs: ms(3000, 0, 60000).describe(
    "without an open contact: time after the pulse at which it counts as open, in ms",
  ),
  autoClose: z
    .boolean()
    .default(false)
    .describe("this appliance commands the closing; false: the operator board closes by itself"),
  warnMs: ms(2000, 0, 30000).describe("red light before a commanded closing, in ms"),
  maxHoldMs: ms(7_200_000, 60_000, 43_200_000).describe("longest hold-open in ms"),
  fireClearMs: ms(5000, 0, 600_000).describe(
    "time the barrier stays held after the fire contact cleared, in ms",
  ),
  heldOpenAlarmMs: ms(120_000, 0, 3_600_000).describe(
    "time of standing open after which an alarm is raised, in ms; 0: none",
  ),
  stuckInputMs: ms(600_000, 5_000, 86_400_000).describe(
    "time an exit, loop, beam or presence input may be active before it is an alarm, in ms",
  ),
  presenceWaitMs: ms(0, 0, 10_000).describe(
    "time a granted vehicle may take to reach the presence loop, in ms; 0: no loop is asked for",
  ),
  dryRun: z.boolean().default(false).describe("decide and report, but energise nothing"),
});

const line = z.strictObject({
  chip: z.string().min(1).optional().describe("label of the GPIO chip; default: the board's"),
  offset: z
    .number()
    .int()
    .min(0)
    .max(1023)
    .optional()
    .describe("line offset on that chip; default: the board's"),
  activeLow: z.boolean().optional().describe("the low level is the active one; default: the board's"),
  bias: z.enum(["pull-up", "pull-down", "off"]).optional().describe("resistor of the chip, for chardev"),
});
/** Names are checked here, so that a wrong one is refused with its line in the file. */
const linesOf = (names: readonly string[]) =>
  z
    .record(
      z.string(),
      z.union([line, z.literal(false)], {
        error:
          "write { offset: 17 } with chip, activeLow or bias, {} for the board's pin, or false for not wired",
      }),
    )
    .default({})
    .superRefine((lines, context) => {
      const seen = new Map<string, string>();
      for (const [name, spec] of Object.entries(lines)) {
        const add = (message: string) => context.addIssue({ code: "custom", path: [name], message });
        if (!names.includes(name)) add(`there is no such line; use ${names.join(", ")}`);
        if (spec === false || spec.offset === undefined) continue;
        const place = `${spec.chip ?? "the board's chip"} line ${spec.offset}`;
        const other = seen.get(place);
        if (other !== undefined) add(`${place} is already ${other}; each line needs a pin of its own`);
        seen.set(place, name);
      }
    });

/** Settings of the lines. */
export const lineSettings = section({
  driver: z
    .enum(["simulated", "auto", "onoff", "chardev"])
    .default("simulated")
    .describe("auto: sysfs where the kernel has it, else the character device"),
  board: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "use the name of a file in hw/boards, without .json")
    .default("simulated")
    .describe("file in hw/boards without .json"),
  outputs: linesOf(OUTPUT_NAMES).describe(
    `${OUTPUT_NAMES.join(", ")}: {} for the board's pin, { offset, chip, activeLow } for another, false for not wired`,
  ),
  inputs: linesOf(INPUT_NAMES).describe(
    `${INPUT_NAMES.join(", ")}: {} for the board's pin, { offset, chip, activeLow } for another, false for not wired`,
  ),
});

export type AccessConfig = z.infer<typeof accessSettings>;
export type BarrierConfig = z.infer<typeof barrierSettings>;
export type LineConfig = z.infer<typeof lineSettings>;
