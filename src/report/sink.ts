import type { SinkStatus } from "./ports.js";

/** One receiver of the outbox. */
export interface Sink {
  readonly name: string;
  start(): void;
  /** Something was committed. */
  poke(): void;
  /** Others have changed what is kept: what stands at the receiver must not outlive its pass. Left out: nothing stands there. */
  review?(): void;
  status(): SinkStatus;
  close(): Promise<void>;
}
