import "./no-telemetry.js";

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { z } from "zod";

/** A model that cannot be used: one sentence that says which, why and what to do. */
export class ModelError extends Error {}

/** Shape of one input: a number, or the name of an axis that may have any length. */
export type Shape = readonly (number | string)[];

/** One loaded model. Inputs are bytes, outputs 32-bit floats or bytes. */
export interface ModelSession {
  /** Version for people: file, date and the first digits of its sha256. */
  readonly version: string;
  /** The entry in manifest.json, with whatever else it says. */
  readonly facts: Readonly<Record<string, unknown>>;
  inputShape(name: string): Shape;
  hasOutput(name: string): boolean;
  /** Runs on bytes of the given shape; answers the wanted outputs. Rejects when the model refuses the input. */
  run(
    input: string,
    bytes: Uint8Array,
    shape: readonly number[],
    wanted: readonly string[],
  ): Promise<Float32Array[]>;
  /** The same for one output that is a picture. */
  runToBytes(input: string, bytes: Uint8Array, shape: readonly number[], wanted: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

const entry = z.looseObject({ file: z.string().regex(/^[\w.-]+\.onnx$/), sha256: z.string().length(64) });

/** Loads a model of the folder by its key in manifest.json; refuses a file whose sha256 is another one. */
export async function openModel(folder: string, key: string, threads: number): Promise<ModelSession> {
  const facts = entryOf(folder, key);
  const path = join(folder, facts.file);
  const bytes = contents(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== facts.sha256) {
    throw new ModelError(
      `${path}: its sha256 is not the one in manifest.json; fetch the file again or correct the manifest.`,
    );
  }
  const version = `${facts.file}${typeof facts.date === "string" ? ` ${facts.date}` : ""} ${sha256.slice(0, 12)}`;
  return wrap(path, await create(path, bytes, threads), version, facts);
}

/** Loads a model file that no manifest knows, for measurements: the float model that an INT8 one was made from. */
export async function openModelFile(path: string, threads: number): Promise<ModelSession> {
  return wrap(path, await create(path, contents(path), threads), path, {});
}

function wrap(
  path: string,
  session: InferenceSession,
  version: string,
  facts: Record<string, unknown>,
): ModelSession {
  return {
    version,
    facts,
    inputShape(name) {
      const found = session.inputMetadata.find((one) => one.name === name);
      if (found?.isTensor === true) return found.shape;
      throw new ModelError(
        `${path}: there is no input \`${name}\`; take the model that came with this version.`,
      );
    },
    hasOutput: (name) => session.outputNames.includes(name),
    async run(input, data, shape, wanted) {
      const answers = await session.run({ [input]: new Tensor("uint8", data, shape) }, wanted);
      return wanted.map((name) => ofKind(Float32Array, name, answers[name]?.data));
    },
    async runToBytes(input, data, shape, wanted) {
      const answers = await session.run({ [input]: new Tensor("uint8", data, shape) }, [wanted]);
      return ofKind(Uint8Array, wanted, answers[wanted]?.data);
    },
    close: () => session.release(),
  };

  function ofKind<T>(kind: new () => T, name: string, data: unknown): T {
    if (data instanceof kind) return data;
    throw new ModelError(`${path}: the output \`${name}\` is no ${kind.name}.`);
  }
}

function entryOf(folder: string, key: string): z.infer<typeof entry> {
  const path = join(folder, "manifest.json");
  let manifest: unknown;
  try {
    manifest = JSON.parse(contents(path).toString("utf8"));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`${path}: is not valid JSON; restore the file that came with the program.`);
  }
  const result = entry.safeParse((manifest as Record<string, unknown> | null)?.[key]);
  if (!result.success)
    throw new ModelError(
      `${path}: has no usable entry \`${key}\` (file and sha256); restore the file that came with the program.`,
    );
  return result.data;
}

function contents(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ModelError(
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"}); is \`models.folder\` right?`,
    );
  }
}

async function create(path: string, bytes: Uint8Array, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      enableCpuMemArena: true,
      logSeverityLevel: 3,
      // A waiting thread must sleep: the gate process and the recording need the cores.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
  } catch (error) {
    throw new ModelError(`${path}: cannot be loaded (${(error as Error).message.split("\n")[0]}).`);
  }
}
