import { mkdir, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Box, Point, Quad } from "../core/geometry.js";
import { type Grammar, type Supposition, suppose } from "../core/grammar.js";
import type { PlateRead } from "../core/plate.js";
import { jpegOf, type LoadedPicture, loadPicture, PictureError, scaled } from "../system/picture.js";
import { overlayOf } from "../vision/annotate.js";
import { loadGrammars } from "../vision/grammars.js";
import { modelsFolder } from "../vision/models-folder.js";
import { lookAtPhoto, PLAUSIBLE, WEAKEST } from "../vision/photo.js";
import type { RegionGuess } from "../vision/reader.js";
import { ModelError } from "../vision/session.js";
import { openVision, type PlateLook, type Vision } from "../vision/vision.js";
import { picturesIn } from "./picture-files.js";

const usage =
  "usage: plategate read [--json] [--annotate DIR] [--threads N] [--models DIR] [--min-confidence C] [--countries DE,FR] [--enhance] PATH…";

/** One line of `--json`. Pixels of the full, upright picture. */
export interface ReadLine {
  /** File name without folders. */
  image: string;
  /** Time to find and read, without decoding the file. */
  ms: number;
  plates: ReadPlate[];
}

export interface ReadPlate {
  box: Box;
  quad: Quad;
  /** Empty when the plate could not be read or is cut off. */
  text: string;
  /** Probability that the text is right; of an unread plate, `confidence`. */
  score: number;
  chars: readonly number[];
  /** How likely it is a plate at all. */
  confidence: number;
  /** Region that such plates come from, a guess of the model's. */
  region?: RegionGuess;
  /** With `--countries`: what it probably says there, and the country and pattern that it fits. `text` stays as read. */
  supposed?: Supposition;
}

interface Options {
  json: boolean;
  annotate: string | null;
  /** Reads hard plates through the enhancer as well; with `annotate`, every plate is cut out, plain and enhanced. */
  enhance: boolean;
  minConfidence: number;
  grammars: readonly Grammar[];
}

/** `plategate read`: finds and reads the plates in photos and folders of photos. Returns the exit code. */
export async function readCommand(args: string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") return complain(parsed, 2);
  const { files, problems } = await picturesIn(parsed.paths);
  for (const problem of problems) complain(problem, 1);
  if (files.length === 0)
    return problems.length > 0 ? 1 : complain(`No picture was found in ${parsed.paths.join(", ")}.`, 1);
  try {
    if (parsed.annotate !== null) await mkdir(parsed.annotate, { recursive: true });
  } catch (error) {
    return complain(`${parsed.annotate}: cannot be written (${(error as NodeJS.ErrnoException).code}).`, 1);
  }
  let vision: Vision;
  try {
    vision = await openVision({
      modelsFolder: parsed.models,
      threads: parsed.threads,
      enhance: parsed.enhance,
      minConfidence: Math.min(WEAKEST, parsed.minConfidence),
      thorough: true,
    });
  } catch (error) {
    if (error instanceof ModelError) return complain(error.message, 1);
    return complain(`The models in ${parsed.models} cannot be used (${(error as Error).message}).`, 1);
  }
  try {
    await warmUp(vision);
    let failed = problems.length;
    const nameOf = uniqueNames();
    for (const file of files) if (!(await readFile(file, nameOf(file), vision, parsed))) failed++;
    return failed > 0 ? 1 : 0;
  } finally {
    await vision.close();
  }
}

/** Reads one file and prints its line; false when it is no usable picture. `name`: of what is written about it. */
async function readFile(file: string, name: string, vision: Vision, options: Options): Promise<boolean> {
  try {
    const picture = await loadPicture(file);
    const started = performance.now();
    const looks = await lookAtPhoto(vision, picture, options.minConfidence);
    const line = toLine(basename(file), performance.now() - started, looks, picture, options.grammars);
    console.log(options.json ? JSON.stringify(line) : forPeople(line));
    if (options.annotate !== null) {
      const target = join(options.annotate, name);
      await annotate(target, picture, looks);
      if (options.enhance) await cutOut(target, picture, looks, vision);
    }
    return true;
  } catch (error) {
    if (error instanceof PictureError) complain(error.message, 1);
    else complain(`${file}: ${(error as Error).message.split("\n")[0]}`, 1);
    return false;
  }
}

function toLine(
  image: string,
  ms: number,
  looks: readonly PlateLook[],
  picture: LoadedPicture,
  grammars: readonly Grammar[],
): ReadLine {
  const sx = picture.fullWidth / picture.width;
  const sy = picture.fullHeight / picture.height;
  const point = ([x, y]: Point): Point => [round(x * sx, 1), round(y * sy, 1)];
  const plates = looks.map(
    ({ detection: { box, quad }, plausibility, read, region }): ReadPlate => ({
      box: [round(box[0] * sx, 1), round(box[1] * sy, 1), round(box[2] * sx, 1), round(box[3] * sy, 1)],
      quad: [point(quad[0]), point(quad[1]), point(quad[2]), point(quad[3])],
      text: read?.text ?? "",
      score: round(read !== null && read.text !== "" ? read.score : plausibility, 4),
      chars: (read?.chars ?? []).map((p) => round(p, 4)),
      confidence: round(plausibility, 4),
      ...(region === null
        ? {}
        : { region: { name: region.name, probability: round(region.probability, 4) } }),
      ...supposedOf(read, grammars),
    }),
  );
  return { image, ms: round(ms, 2), plates };
}

function supposedOf(read: PlateRead | null, grammars: readonly Grammar[]): { supposed?: Supposition } {
  if (read === null || grammars.length === 0) return {};
  const supposed = suppose(read.evidence, grammars);
  return supposed === null ? {} : { supposed: { ...supposed, probability: round(supposed.probability, 4) } };
}

function forPeople({ image, ms, plates }: ReadLine): string {
  const texts = plates.map((p) =>
    p.text === "" ? "unread plate" : `${p.text} (${Math.round(p.score * 100)} %)${supposedIn(p)}`,
  );
  return `${image}: ${texts.length === 0 ? "no plate" : texts.join(", ")}  [${ms.toFixed(1)} ms]`;
}

function supposedIn({ text, supposed }: ReadPlate): string {
  if (supposed === undefined || supposed.fits === null) return "";
  const { country, pattern } = supposed.fits;
  return supposed.text === text ? `, fits ${country} ${pattern}` : `, in ${country} rather ${supposed.text}`;
}

/** Names without ending; photos of different folders or kinds may have the same one. */
function uniqueNames(): (file: string) => string {
  const taken = new Set<string>();
  return (file) => {
    const plain = basename(file, extname(file));
    let name = plain;
    for (let n = 2; taken.has(name); n++) name = `${plain}-${n}`;
    taken.add(name);
    return name;
  };
}

async function annotate(target: string, picture: LoadedPicture, looks: readonly PlateLook[]): Promise<void> {
  const marks = looks.map(({ detection, read }) => ({ quad: detection.quad, label: read?.text ?? "" }));
  const jpeg = await jpegOf(picture, {
    quality: 88,
    overlaySvg: overlayOf(picture.width, picture.height, marks),
  });
  await writeFile(`${target}.plates.jpg`, jpeg);
}

/** Every plate as it is and, in a file of its own beside it, enhanced. */
async function cutOut(
  target: string,
  picture: LoadedPicture,
  looks: readonly PlateLook[],
  vision: Vision,
): Promise<void> {
  for (const [i, { detection, crop }] of looks.entries()) {
    const plain = vision.crop(picture, detection);
    const better = crop === null ? null : await vision.enhanced(crop);
    if (plain === null || better === null) continue;
    const name = `${target}.plate${i + 1}`;
    await writeFile(`${name}.jpg`, await jpegOf(plain));
    await writeFile(`${name}.enhanced.jpg`, await jpegOf(await scaled(better, plain.width, plain.height)));
  }
}

/** The first run of a model costs several times a later one; nobody wants to measure that. */
async function warmUp(vision: Vision): Promise<void> {
  const grey = { width: 640, height: 384, rgb: new Uint8Array(640 * 384 * 3).fill(114) };
  await vision.detect(grey);
  const box: Box = [100, 100, 160, 64];
  await vision.read(grey, [
    {
      box,
      quad: [
        [100, 100],
        [260, 100],
        [260, 164],
        [100, 164],
      ],
      confidence: 1,
    },
  ]);
}

function parse(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        annotate: { type: "string" },
        threads: { type: "string", default: "1" },
        models: { type: "string", default: "" },
        countries: { type: "string", default: "" },
        enhance: { type: "boolean", default: false },
        "min-confidence": { type: "string", default: String(PLAUSIBLE) },
      },
    });
    const threads = Number(values.threads);
    const minConfidence = Number(values["min-confidence"]);
    if (positionals.length === 0) return usage;
    if (!Number.isInteger(threads) || threads < 1 || threads > 16)
      return `--threads ${values.threads}: say a number from 1 to 16.`;
    if (!(minConfidence >= 0.01 && minConfidence <= 0.99))
      return `--min-confidence ${values["min-confidence"]}: say a number from 0.01 to 0.99.`;
    const models = modelsFolder(values.models);
    const countries = values.countries.split(/[\s,]+/).filter((c) => c !== "");
    return {
      json: values.json,
      annotate: values.annotate ?? null,
      enhance: values.enhance,
      threads,
      minConfidence,
      models,
      grammars: countries.length === 0 ? [] : loadGrammars(models, countries),
      paths: positionals,
    };
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    return `${(error as Error).message.split("\n")[0]}\n${usage}`;
  }
}

function complain(sentence: string, code: number): number {
  console.error(sentence);
  return code;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
