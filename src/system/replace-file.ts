import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a small file anew, for its owner's eyes only: the old one stays whole until the new one is on the card. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), "r");
  await folder.sync().finally(() => folder.close());
}
