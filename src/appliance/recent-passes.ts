import type { PassRecord } from "../core/records.js";
import type { AuditRepository } from "../core/repositories.js";

/**
 * Passes without those whose vehicle an operator has said to forget since: what anti-passback knows of them must not come
 * back with a restart.
 */
export async function withoutForgotten(
  passes: readonly PassRecord[],
  audit: Pick<AuditRepository, "list">,
): Promise<readonly PassRecord[]> {
  const { items } = await audit.list({ action: "gate.reset-passback", limit: 1000 });
  const forgottenAt = new Map<string, number>();
  for (const { subject, at } of items) forgottenAt.set(subject, Math.max(at, forgottenAt.get(subject) ?? 0));
  // A pass that was still going on then is a newer one than what was to be forgotten. One without an end is not going on:
  // a power cut took its end.
  return passes.filter(
    ({ plate, startedAt, endedAt }) => (endedAt ?? startedAt) > (forgottenAt.get(plate) ?? 0),
  );
}
