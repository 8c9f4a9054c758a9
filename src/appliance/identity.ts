import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";

/** Folder of the program: where package.json, models and hw are. */
export const PROGRAM_FOLDER = fileURLToPath(new URL("../../../", import.meta.url));

/** Version from package.json. */
export function programVersion(): string {
  return (JSON.parse(readFileSync(`${PROGRAM_FOLDER}package.json`, "utf8")) as { version: string }).version;
}

/**
 * What this machine is called in ids, the same after a new installation: the board's serial number, else the machine
 * id, hashed, because the latter is not to be shown around.
 */
export function machineSerial(read: (path: string) => string = (path) => readFileSync(path, "utf8")): string {
  for (const path of ["/proc/device-tree/serial-number", "/etc/machine-id"]) {
    try {
      const text = read(path).replaceAll("\0", "").trim();
      if (text !== "") return createHash("sha256").update(`plategate ${text}`).digest("hex").slice(0, 12);
    } catch {
      // A machine without this file has another one, or its name.
    }
  }
  return createHash("sha256").update(`plategate ${hostname()}`).digest("hex").slice(0, 12);
}

/** Such as `Raspberry Pi 5 Model B Rev 1.0`; nothing on machines that do not tell. */
export function machineModel(read: (path: string) => string = (path) => readFileSync(path, "utf8")): {
  model?: string;
} {
  try {
    const model = read("/proc/device-tree/model").replaceAll("\0", "").trim();
    return model === "" ? {} : { model };
  } catch {
    return {};
  }
}
