import type { InputName } from "../core/barrier-types.js";
import type { Clock } from "../system/clock.js";
import type { InputLine } from "./lines.js";

/** How long a level must stand still before it counts, in ms. 0: at once. */
interface Debounce {
  onMs: number;
  offMs: number;
}

/**
 * What guards people counts at its first edge and is believed gone only when it stays so; what opens must stand
 * still first, because a long cable catches a spike of every motor.
 */
const DEBOUNCE: Record<InputName, Debounce> = {
  loop: { onMs: 0, offMs: 200 },
  beam: { onMs: 0, offMs: 200 },
  stop: { onMs: 0, offMs: 200 },
  fire: { onMs: 50, offMs: 500 },
  exit: { onMs: 30, offMs: 50 },
  presence: { onMs: 50, offMs: 200 },
  closed: { onMs: 50, offMs: 50 },
  open: { onMs: 50, offMs: 50 },
};

/** Edges can be lost (a pulse shorter than the event loop's latency): every level is looked at this often as well. */
export const POLL_MS = 100;

export interface DebouncedInput {
  name: InputName;
  /** The level that counts. */
  isActive(): boolean;
  /** Looks at the line now. */
  poll(): void;
  close(): void;
}

/** A line that cannot be read any more is taken for active where that is the safe side. */
const UNREADABLE: readonly InputName[] = ["loop", "beam", "stop"];

/** Calls `changed` when the level that counts changes. Starts with the level as it is, without a call. */
export function watchInput(
  name: InputName,
  line: InputLine,
  clock: Clock,
  changed: (active: boolean) => void,
  problem: (sentence: string) => void = () => {},
): DebouncedInput {
  const { onMs, offMs } = DEBOUNCE[name];
  let readable = true;
  let counts = false;
  counts = read();
  let pending: { to: boolean; cancel: () => void } | null = null;
  let closed = false;
  line.onEdge((active) => seen(active, true));

  return {
    name,
    isActive: () => counts,
    poll: () => seen(read(), false),
    close() {
      closed = true;
      pending?.cancel();
      line.close();
    },
  };

  function seen(active: boolean, edge: boolean): void {
    if (closed) return;
    if (onMs === 0 && edge && !active && !counts) {
      // The line was active and is not any more, and nobody could look in between: it was broken all the same.
      put(true);
    }
    if (active === counts) {
      pending?.cancel();
      pending = null;
      return;
    }
    if (edge && pending?.to === active) {
      // It moved again: the time of standing still starts anew.
      pending.cancel();
      pending = null;
    }
    if (pending !== null) return;
    const waitMs = active ? onMs : offMs;
    if (waitMs === 0) {
      put(active);
      return;
    }
    pending = {
      to: active,
      cancel: clock.after(waitMs, () => {
        pending = null;
        if (read() === active) put(active);
      }),
    };
  }

  function read(): boolean {
    try {
      const active = line.isActive();
      readable = true;
      return active;
    } catch (error) {
      if (readable) problem((error as Error).message);
      readable = false;
      return UNREADABLE.includes(name) ? true : counts;
    }
  }

  function put(active: boolean): void {
    pending?.cancel();
    pending = null;
    counts = active;
    changed(active);
  }
}
