/** The topics of one gate below its prefix, such as `plategate/demo/main/state/barrier`. */
export interface Topics {
  readonly base: string;
  readonly availability: string;
  /** `offline` while no camera delivers pictures. */
  readonly cameras: string;
  event(kind: string): string;
  state(name: StateName): string;
  readonly crop: string;
  readonly setBarrier: string;
  readonly resultBarrier: string;
  /** Short commands of Home Assistant's own entities, and its event entity. */
  readonly haEvent: string;
  readonly haSet: string;
}

export type StateName = "barrier" | "inputs" | "health" | "storage" | "last-pass";
export const STATE_NAMES: readonly StateName[] = ["barrier", "inputs", "health", "storage", "last-pass"];

export function topicsOf(prefix: string, site: string, gate: string): Topics {
  const base = `${prefix.replace(/\/+$/, "")}/${site}/${gate}`;
  return {
    base,
    availability: `${base}/availability`,
    cameras: `${base}/availability/cameras`,
    event: (kind) => `${base}/event/${kind}`,
    state: (name) => `${base}/state/${name}`,
    crop: `${base}/picture/crop`,
    setBarrier: `${base}/set/barrier`,
    resultBarrier: `${base}/result/barrier`,
    haEvent: `${base}/ha/event`,
    haSet: `${base}/ha/set`,
  };
}
