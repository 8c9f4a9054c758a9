import { open, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Brings a file's content onto the card. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Brings the names of a folder onto the card. */
export const syncFolder = syncFile;

/** Removes files and makes their absence durable; one that is not there counts as removed. Gives those that are gone. */
export async function removeFiles(paths: readonly string[]): Promise<string[]> {
  const gone: string[] = [];
  for (const path of paths) {
    try {
      await unlink(path);
      gone.push(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") gone.push(path);
    }
  }
  for (const folder of new Set(gone.map((path) => dirname(path)))) {
    try {
      await syncFolder(folder);
    } catch {
      // The whole folder is gone: so are its files.
    }
  }
  return gone;
}

/** Overwrites files with zeros before they are removed, so that what lay where they were can be read by nobody. */
export async function overwriteAndRemove(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      const file = await open(path, "r+");
      const zeros = Buffer.alloc(1_000_000);
      const { size } = await file.stat();
      for (let at = 0; at < size; at += zeros.length)
        await file.write(zeros, 0, Math.min(zeros.length, size - at), at);
      await file.sync();
      await file.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  await removeFiles(paths);
}
