import type { Config } from "../config.js";
import type { Log } from "../system/log.js";
import { CredentialError, readCredential, readSecret } from "./credentials.js";
import type { ConnectionOptions, Tls } from "./mqtt-connection.js";
import type { Identity } from "./ports.js";

export interface Account {
  username?: string;
  password?: string;
  tls: Tls;
}

/** Name, password and certificates of `report`, read from their files. Throws `CredentialError`. */
export function readAccount(report: Config["report"], log: Log): Account {
  const password = readSecret("report.passwordFile", report.passwordFile, log);
  if (password !== null && report.username === "")
    throw new CredentialError("report.passwordFile needs report.username; set both or neither.");
  const ca = readCredential("report.caFile", report.caFile);
  const cert = readCredential("report.certFile", report.certFile);
  const key = readCredential("report.keyFile", report.keyFile, log);
  if ((cert === null) !== (key === null))
    throw new CredentialError("report.certFile and report.keyFile belong together; set both or neither.");
  return {
    ...(report.username ? { username: report.username } : {}),
    ...(password === null ? {} : { password }),
    tls: { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) },
  };
}

/** A key of at least 16 bytes, or null where the setting is empty. */
export function readKey(setting: string, file: string, log: Log): Buffer | null {
  const text = readSecret(setting, file, log);
  if (text === null) return null;
  if (Buffer.byteLength(text) < 16)
    throw new CredentialError(`${setting}: ${file} is too short; 16 bytes at least.`);
  return Buffer.from(text);
}

/** What every connection of this appliance has in common. `suffix` keeps the ids of its connections apart. */
export function connectionOptions(
  url: string,
  report: Config["report"],
  account: Account,
  identity: Identity,
  protocol: "5" | "3.1.1",
  suffix = "",
): ConnectionOptions {
  const own = `plategate-${identity.site}-${identity.gate}-${identity.serial}`.replace(
    /[^A-Za-z0-9._-]/g,
    "",
  );
  return {
    url,
    protocol,
    clientId: `${report.clientId || own.slice(0, 60)}${suffix}`,
    ...account,
    keepaliveSeconds: report.keepaliveSeconds,
    connectTimeoutMs: 10_000,
    maxIncomingBytes: 65_536,
  };
}
