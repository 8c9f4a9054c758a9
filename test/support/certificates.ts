import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  /** Files by name: `ca.pem`, `server.pem`, `server.key`, `expired.pem`, `client.pem`, `client.key`, `other-ca.pem`. */
  file(name: string): string;
  close(): void;
}

export const hasOpenssl: boolean = spawnSync("openssl", ["version"]).status === 0;

/** A small authority with certificates for localhost and 127.0.0.1, made anew for a test. */
export function certificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "plategate-certificates-"));
  const file = (name: string) => join(folder, name);
  const run = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "ignore"] });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  writeFileSync(file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  writeFileSync(file("other-names"), "subjectAltName=DNS:elsewhere.example\n");
  for (const name of ["ca", "other-ca"])
    run(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-subj",
      `/CN=${name}`,
      "-days",
      "2",
    );
  for (const name of ["server", "client"])
    run("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  const sign = (from: string, to: string, days: string, names = "names") =>
    run(
      "x509",
      "-req",
      "-in",
      `${from}.csr`,
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-out",
      `${to}.pem`,
      "-days",
      days,
      "-extfile",
      names,
    );
  sign("server", "server", "2");
  sign("server", "expired", "-1");
  sign("server", "elsewhere", "2", "other-names");
  sign("client", "client", "2");
  return { file, close: () => rmSync(folder, { recursive: true, force: true }) };
}
