import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";

/** Files as they are named; of folders, and folders in them, what looks like a picture by its name, links among it. */
export async function picturesIn(paths: readonly string[]): Promise<{ files: string[]; problems: string[] }> {
  const files: string[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    try {
      if (!(await stat(path)).isDirectory()) {
        files.push(path);
        continue;
      }
      const inside = (await readdir(path, { recursive: true, withFileTypes: true }))
        .filter((e) => (e.isFile() || e.isSymbolicLink()) && extensions.has(extname(e.name).toLowerCase()))
        .map((e) => join(e.parentPath, e.name));
      files.push(...inside.sort());
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      problems.push(`${path}: ${reasons[code ?? ""] ?? `cannot be read (${code})`}.`);
    }
  }
  return { files, problems };
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ELOOP: "its links lead in a circle",
  EACCES: "you may not read it",
};

const extensions = new Set([
  ".jpg",
  ".jpeg",
  ".png",
  ".webp",
  ".tif",
  ".tiff",
  ".gif",
  ".avif",
  ".heic",
  ".heif",
]);
