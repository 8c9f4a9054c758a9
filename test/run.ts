/**
 * Runs the test files, each in a process of its own, and ends with the line `N passed, N failed`.
 *
 *   node dist/test/run.js [FOLDER…] [--only TEXT] [--browser]
 *
 * uvu alone exits 0 when `before` throws, when `after.each` throws, when something that is no Error is thrown
 * and when `.run()` is missing, and it never times out. So a file counts as green only if it printed a total,
 * passed all of it, ran every suite that it declares, wrote nothing of a failure and exited 0 in time.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const compiled = fileURLToPath(new URL(".", import.meta.url));
const sources = join(compiled, "../../test");
const timeoutMs = Number(process.env.TEST_TIMEOUT_MS ?? 180_000);

interface Outcome {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  output: string;
}

const args = process.argv.slice(2);
const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
const folders = args.filter((a, i) => !a.startsWith("--") && args[i - 1] !== "--only");
const chosen = folders.length > 0 ? folders : ["unit", "integration", "golden"];
if (args.includes("--browser")) chosen.push("browser");

const files = chosen
  .flatMap((folder) => list(join(sources, folder)))
  .filter((file) => only === undefined || file.includes(only));
const outcomes: Outcome[] = [];
const queue = [...files];
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));

const sum = (key: "passed" | "failed" | "skipped") => outcomes.reduce((n, o) => n + o[key], 0);
if (files.length === 0) console.log("No test file was found; nothing was tested.");
console.log(
  `\n${sum("passed")} passed, ${sum("failed")} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
);
process.exit(sum("failed") > 0 || sum("passed") === 0 ? 1 : 0);

async function worker(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const outcome = await runFile(file);
    outcomes.push(outcome);
    const mark = outcome.failed > 0 ? "FAIL" : "ok  ";
    const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : "";
    console.log(`${mark} ${relative(sources, file)} (${outcome.passed} passed${skipped})`);
    if (outcome.failed > 0) console.log(outcome.output);
    else
      for (const line of outcome.output.split("\n"))
        if (line.startsWith("SKIPPED")) console.log(`     ${line}`);
  }
}

async function runFile(file: string): Promise<Outcome> {
  const declared = undeclaredRuns(file);
  const script = join(compiled, relative(sources, file)).replace(/\.ts$/, ".js");
  const child = spawn(process.execPath, ["--enable-source-maps", "--unhandled-rejections=strict", script], {
    env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1", UV_THREADPOOL_SIZE: "8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(timer);

  const total = number(/Total:\s+(\d+)/, output);
  const passed = number(/Passed:\s+(\d+)/, output);
  const skipped = number(/Skipped:\s+(\d+)/, output) + (output.match(/^SKIPPED/gm)?.length ?? 0);
  const complaints = [
    ...(late ? [`no end after ${timeoutMs} ms`] : []),
    ...(code !== 0 && !late ? [`exit code ${code}`] : []),
    ...(Number.isNaN(total) ? ["no total was printed: is `.run()` missing?"] : []),
    ...(passed < total ? [`${total - passed} of ${total} tests did not pass`] : []),
    ...(total === 0 ? ["no test ran"] : []),
    ...(/ FAIL /.test(output) ? ["a failure was printed"] : []),
    ...declared,
  ];
  for (const complaint of complaints) output += `\n  ${relative(sources, file)}: ${complaint}`;
  const missing = Number.isNaN(total) ? 1 : total - passed;
  const failed = complaints.length > 0 ? Math.max(1, missing) : 0;
  return {
    file,
    passed: Number.isNaN(passed) ? 0 : passed,
    failed,
    skipped: Number.isNaN(skipped) ? 0 : skipped,
    output,
  };
}

/** Suites that the file declares but never runs, and `.only` left behind. */
function undeclaredRuns(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const suites = [...text.matchAll(/const (\w+) = suite(?:<[^>]*>)?\(/g)].map((m) => m[1]!);
  if (/import \{[^}]*\btest\b[^}]*\} from "uvu"/.test(text)) suites.push("test");
  return [
    ...suites.filter((s) => !text.includes(`${s}.run()`)).map((s) => `${s}.run() is missing`),
    ...(/\b\w+\.only\(/.test(text) ? ["`.only` is left behind"] : []),
  ];
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && e.name.endsWith(".test.ts"))
      .map((e) => join(e.parentPath, e.name))
      .sort();
  } catch {
    return [];
  }
}

function number(pattern: RegExp, text: string): number {
  const all = [...text.matchAll(new RegExp(pattern, "g"))];
  return all.length === 0 ? Number.NaN : all.reduce((n, m) => n + Number(m[1]), 0);
}
