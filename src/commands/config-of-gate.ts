import { lstatSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, ConfigError, defaultConfig, loadConfig } from "../config.js";

/** Where the steps of installation and systemd/plategate.service put everything. */
export const INSTALLED: Installation = {
  program: "/opt/plategate",
  config: "/etc/plategate/plategate.yaml",
  workingFolder: "/var/lib/plategate",
};

export interface Installation {
  /** Folder of the program that the service runs. */
  program: string;
  config: string;
  /** Folder from which the service counts a relative `dataFolder`. */
  workingFolder: string;
}

export interface ConfigOfGateDeps {
  installed: Installation;
  /** Folder of the program that was called. */
  program: string;
  err: (line: string) => void;
}

/**
 * The configuration of the gate that a command is about: the file that is named; without one that of the gate installed on
 * this machine, which is then said, if it is the installed program that was called; else the defaults. A checkout beside an
 * installed gate keeps to its own data, so that trying something out there changes no rule of the gate. No environment
 * variable chooses: sudo would drop it, and another gate would be meant. Throws `ConfigError`, also for an installed
 * configuration that this user may not read: the defaults would be a gate that nobody asked for.
 */
export function configOfGate(file: string | undefined, deps = machine): Config {
  const { installed, err } = deps;
  if (file !== undefined) return fromFile(file, installed);
  if (!mayBeThere(installed.config)) return defaultConfig();
  if (!isSame(deps.program, installed.program)) {
    err(
      `Embedded defaults are used, with the data in this folder; the gate on this machine has ${installed.config}: name it with --config.`,
    );
    return defaultConfig();
  }
  err(`Configuration: ${installed.config}`);
  try {
    return fromFile(installed.config, installed);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${error.message}\nIt is the configuration of the gate on this machine, taken because no other is named with --config; ` +
        "root (sudo) and the group plategate may read it.",
    );
  }
}

function fromFile(file: string, { config: installed, workingFolder }: Installation): Config {
  const config = loadConfig(file);
  if (isSame(file, installed)) config.dataFolder = resolve(workingFolder, config.dataFolder);
  return config;
}

/** False only where it is certainly not there; a link to nothing, or a folder that may not be looked into, is no such case. */
function mayBeThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

const machine: ConfigOfGateDeps = {
  installed: INSTALLED,
  program: fileURLToPath(new URL("../../../", import.meta.url)),
  err: (line) => console.error(line),
};
