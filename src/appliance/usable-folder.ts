import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Makes the data folder and tries to write in it, before anything in it is opened. Rejects with one sentence when it
 * cannot be used. `folder` is absolute.
 */
export async function usableFolder(folder: string): Promise<void> {
  const trial = join(folder, `.trial-${process.pid}`);
  try {
    // One by one: mkdir with `recursive` never returns where a virtual file system answers ENOENT for ever.
    for (const missing of await missingFolders(folder)) await mkdir(missing);
    await writeFile(trial, "");
    await rm(trial);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    // The store makes room when it is opened.
    if (code === "ENOSPC" && (await missingFolders(folder)).length === 0) return;
    throw new Error(`the data folder ${folder} cannot be written (${code}); ${remedy(code, folder)}.`);
  }
}

function remedy(code: string, folder: string): string {
  if (code === "EROFS")
    return (
      `for the service every folder is read-only but its own and those of ReadWritePaths=: add ${folder} there (hw/README.md); ` +
      "if it is, the card is read-only or failing: save what is on it and replace it"
    );
  if (code === "EIO") return "the card is failing: save what is on it and replace it";
  return "set dataFolder to one that this user may write, or mend its permissions";
}

/** The folder and its parents that do not exist yet, the outermost first. */
async function missingFolders(folder: string): Promise<string[]> {
  const isThere = await stat(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
  return isThere || dirname(folder) === folder ? [] : [...(await missingFolders(dirname(folder))), folder];
}
