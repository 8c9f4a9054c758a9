/** Why there is no connection, in a sentence for people. `refused`: trying again changes nothing until somebody acts. */
export interface ConnectionProblem {
  /** The broker does not speak the MQTT version that was tried. */
  wrongVersion?: boolean;
  refused: boolean;
  /** The other end closed the connection, as it does when it cannot take what it was sent. */
  hungUp?: boolean;
  sentence: string;
}

/** The message of an error that says so. */
export const UNANSWERED = "unanswered";

/** Names the cause of a failed or lost connection; never contains a name or password. */
export function explain(cause: unknown, url: string): ConnectionProblem {
  const where = hostOf(url);
  // A webhook has the same troubles, but another setting to correct.
  const told = (sentence: string) => (url.startsWith("http") ? forWebhook(sentence) : sentence);
  const error = (cause ?? {}) as { code?: unknown; message?: string };
  const code = typeof error.code === "string" || typeof error.code === "number" ? error.code : "";
  const known = KNOWN.find(([codes]) => codes.includes(code));
  if (known)
    return {
      refused: known[2],
      sentence: `${where}: ${told(known[1])}`,
      ...wrongVersion(code),
      ...(HANGS_UP.includes(code) ? { hungUp: true } : {}),
    };
  const text = error.message ?? "";
  if (String(code).startsWith("ERR_OSSL_"))
    return {
      ...problem(
        `the certificate files cannot be used (${text}); correct report.caFile, certFile or keyFile.`,
      ),
      refused: true,
    };
  if (text === "connack timeout")
    return problem("does not answer as an MQTT broker; check the address and the port.");
  if (text === UNANSWERED) return problem("left something that we sent without an answer; trying again.");
  if (text === "Keepalive timeout") return problem("stopped answering; trying again.");
  if (text === "") return { ...problem("the broker closed the connection; trying again."), hungUp: true };
  return problem(`${text.replace(/\s+/g, " ").slice(0, 200)}.`);

  function problem(sentence: string): ConnectionProblem {
    return { refused: false, sentence: `${where}: ${told(sentence)}` };
  }
}

function forWebhook(sentence: string): string {
  return sentence
    .replace("start the broker or correct report.url", "start the receiver or correct the webhook's url")
    .replaceAll("report.url", "the webhook's url")
    .replaceAll("report.caFile, certFile or keyFile", "the webhook's caFile")
    .replaceAll("report.caFile", "the webhook's caFile")
    .replaceAll("the broker", "the receiver");
}

function hostOf(url: string): string {
  try {
    const { host, protocol } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return "the broker";
  }
}

const credentials = "refuses the user or the password; correct report.username and report.passwordFile.";
const untrusted = "shows a certificate that nobody trusted has signed; set report.caFile to its authority.";

const KNOWN: readonly [codes: readonly (string | number)[], sentence: string, refused: boolean][] = [
  [["ECONNREFUSED"], "nothing listens there; start the broker or correct report.url.", false],
  [["ENOTFOUND", "EAI_AGAIN"], "this name cannot be resolved; check report.url and the network.", false],
  [["EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"], "cannot be reached; check the network.", false],
  [["ECONNRESET", "EPIPE"], "the broker cut the connection; trying again.", false],
  [["CERT_HAS_EXPIRED"], "its certificate has expired; renew it, or set this machine's clock.", true],
  [["CERT_NOT_YET_VALID"], "its certificate is not valid yet; set this machine's clock.", true],
  [
    ["ERR_TLS_CERT_ALTNAME_INVALID"],
    "its certificate is for another name; use that name in report.url.",
    true,
  ],
  [
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    untrusted,
    true,
  ],
  [["UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"], untrusted, true],
  [
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"],
    "wants a client certificate; set report.certFile and report.keyFile.",
    true,
  ],
  [["ERR_SSL_WRONG_VERSION_NUMBER"], "does not speak TLS there; use mqtt:// or the TLS port.", true],
  [[1, 0x84], "does not speak this MQTT version; set report.protocol to the other one.", true],
  [[2, 0x85], "refuses our client id; set report.clientId.", true],
  [[3, 0x88, 0x89], "is busy or not available; trying again.", false],
  [[4, 0x86], credentials, true],
  [
    [5, 0x87],
    "does not let us in; correct report.username and report.passwordFile, or the broker's access list.",
    true,
  ],
  [[0x81, 0x82, 0x83], "could not read what it was sent; trying again.", false],
  [[0x8b], "is shutting down; trying again.", false],
  [[0x8e], "another client took over our client id; give every appliance its own report.clientId.", true],
  [[0x95], "got a packet larger than it takes.", false],
  [[0x97], "says that a quota is used up; trying again.", false],
];

/** Reset or broken pipe; malformed packet, protocol error, implementation error, packet too large. */
const HANGS_UP: readonly (string | number)[] = ["ECONNRESET", "EPIPE", 0x81, 0x82, 0x83, 0x95];

function wrongVersion(code: string | number): { wrongVersion: true } | Record<never, never> {
  return code === 1 || code === 0x84 ? { wrongVersion: true } : {};
}
