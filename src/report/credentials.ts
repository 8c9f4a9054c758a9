import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Log } from "../system/log.js";

/** A secret that a setting points to cannot be used; the message names setting and file, never the content. */
export class CredentialError extends Error {}

/**
 * Reads the file that a setting names: an absolute path, one below the working folder, or the name of a systemd
 * credential (`LoadCredential=`), which is looked for in `$CREDENTIALS_DIRECTORY` first. Empty setting: null.
 */
export function readCredential(setting: string, file: string, log?: Log): Buffer | null {
  if (file === "") return null;
  const folder = process.env.CREDENTIALS_DIRECTORY;
  const places = folder !== undefined && !isAbsolute(file) ? [join(folder, file), file] : [file];
  for (const place of places) {
    try {
      const content = readFileSync(place);
      if ((statSync(place).mode & 0o004) !== 0)
        log?.warn({ setting, file: place }, "everybody on this machine can read this secret; chmod o-r it");
      return content;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || place === places.at(-1))
        throw new CredentialError(
          `${setting}: ${place} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
        );
    }
  }
  return null;
}

/** As text without the line break that editors leave at the end; an empty file is an error. */
export function readSecret(setting: string, file: string, log?: Log): string | null {
  const content = readCredential(setting, file, log);
  if (content === null) return null;
  const text = content.toString("utf8").replace(/\r?\n$/, "");
  if (text === "") throw new CredentialError(`${setting}: ${file} is empty.`);
  return text;
}
