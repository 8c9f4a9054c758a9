import { hostname } from "node:os";

/** Who may ask: defends a page on a local network against other web pages and against names that are turned to it. */
export interface GuardFacts {
  host: string | undefined;
  origin: string | undefined;
  fetchSite: string | undefined;
  forwarded: boolean;
  remoteAddress: string;
  localAddress: string;
}

/**
 * A sentence why the request is refused; null when it may go on. A foreign page that lets its own name resolve to this
 * machine (DNS rebinding) still sends its own name as Host, so only names that are ours are served. Addresses as Host
 * are safe: no name was resolved.
 */
export function hostRefusal(facts: GuardFacts, names: readonly string[]): string | null {
  const name = hostName(facts.host);
  if (name === null) return "The request names no host.";
  const machine = hostname().toLowerCase();
  const ours = ["localhost", machine, `${machine}.local`, ...names.map((n) => n.toLowerCase())];
  if (ours.includes(name) || name.endsWith(".localhost") || isAddress(name)) return null;
  return `This appliance is not called "${name}"; add the name to web.hosts in the configuration if it should be.`;
}

/** A sentence why this request may not change anything; null when it may. There are no accounts, so only this machine itself may. */
export function changeRefusal(facts: GuardFacts): string | null {
  if (!isLoopback(facts.remoteAddress) || !isLoopback(facts.localAddress) || facts.forwarded)
    return "Changes are only taken from the appliance itself (loopback), because there are no accounts.";
  if (facts.fetchSite !== undefined && facts.fetchSite !== "same-origin" && facts.fetchSite !== "none")
    return "Changes are not taken from other web pages.";
  if (facts.origin !== undefined && facts.origin !== `http://${facts.host}`)
    return "Changes are not taken from other web pages.";
  return null;
}

/** Lets `burst` calls pass at once and `perSecond` after that, for each caller; forgets callers that went quiet. */
export function createRateLimit(options: { burst: number; perSecond: number }, nowMs: () => number) {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    /** True when this call may pass. */
    take(caller: string): boolean {
      const now = nowMs();
      const known = buckets.get(caller) ?? { tokens: options.burst, atMs: now };
      const tokens = Math.min(options.burst, known.tokens + ((now - known.atMs) / 1000) * options.perSecond);
      buckets.delete(caller);
      buckets.set(caller, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: now });
      if (buckets.size > 1000) buckets.delete(buckets.keys().next().value as string);
      return tokens >= 1;
    },
  };
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address) || address === "localhost";
}

/** The name in a Host header, lower case, without port and brackets. */
function hostName(host: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.exec(host ?? "");
  return match === null ? null : match[1]!.toLowerCase().replace(/\.$/, "");
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.startsWith("[");
}
