import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Makes the data folder and tries to write in it, before anything is opened. Throws one sentence when it cannot be
 * used. `folder` is absolute.
 */
export async function usableFolder(folder: string): Promise<void> {
  const trial = join(folder, `.trial-${process.pid}`);
  try {
    // One by one: mkdir with `recursive` never returns where a virtual file system answers ENOENT for ever.
    for (const missing of missingFolders(folder)) await mkdir(missing);
    await writeFile(trial, "");
    await rm(trial);
  } catch (error) {
    // The store makes room when it is opened.
    if ((error as NodeJS.ErrnoException).code === "ENOSPC" && existsSync(folder)) return;
    throw new Error(
      `the data folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code}); ` +
        "set dataFolder to one that this user may write, or mend its permissions.",
    );
  }
}

/** The folder and its parents that do not exist yet, the outermost first. */
function missingFolders(folder: string): string[] {
  return existsSync(folder) || dirname(folder) === folder ? [] : [...missingFolders(dirname(folder)), folder];
}
