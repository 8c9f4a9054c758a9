import { existsSync, lchownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * As root a command works in a folder of somebody else, mostly of the service: what it makes there, `folder` itself as
 * well, is given to whom the folder belongs, or its parent, by each call of the returned function. Else the service could
 * neither read nor write it, and no plate would open. `folder` is absolute.
 */
export function folderOwner(folder: string): () => void {
  if (process.geteuid?.() !== 0) return () => {};
  const missing: string[] = [];
  let there = folder;
  for (; !existsSync(there); there = dirname(there)) missing.push(there);
  const { uid, gid } = statSync(there);
  return () => {
    if (uid === 0 || !existsSync(folder)) return;
    for (const path of [...missing, ...readdirSync(folder).map((name) => join(folder, name))]) {
      try {
        const stat = lstatSync(path);
        // A file with a second name may be one of root's that the owner of the folder has linked into it.
        if (stat.uid === 0 && (stat.isDirectory() || stat.nlink === 1)) lchownSync(path, uid, gid);
      } catch {
        // It has been removed meanwhile.
      }
    }
  };
}
