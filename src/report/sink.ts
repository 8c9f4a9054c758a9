import type { SinkStatus } from "./ports.js";

/** One receiver of the outbox. */
export interface Sink {
  readonly name: string;
  start(): void;
  /** Something was committed. */
  poke(): void;
  status(): SinkStatus;
  close(): Promise<void>;
}
