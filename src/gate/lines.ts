/** Where a line is and what it means. Unknown chips, busy lines and impossible offsets refuse the start. */
export interface LineSpec {
  /** What it is for: `lift`, `red`, `green`, `loop` … */
  name: string;
  /** Label of the GPIO chip, such as `pinctrl-bcm2711`; for `simulated` any word. */
  chip: string;
  offset: number;
  /** True when the low level is the energised or active one. */
  activeLow: boolean;
  /** Resistor asked of the chip, where the driver can set it; left out: as it is. */
  bias?: "pull-up" | "pull-down" | "off";
  /** Where it is written, for messages: file and line, or the name of the setting. */
  where?: string;
}

export interface OutputLine {
  readonly name: string;
  /**
   * True: energised (relay pulled, lamp lit), whatever the polarity. With `capMs` somebody outside this process
   * releases the line after that time, even when this process hangs or is dead; setting it again starts anew.
   */
  set(energised: boolean, capMs?: number): void;
  /** Reads the line back; a driver that lives in another process tells what it heard last. */
  isEnergised(): boolean;
  /** Was it seen energised since it was last set so? True also when the helper has released it meanwhile. */
  tookLevel(): boolean;
  /** Leaves the line de-energised and gives it back. Safe to call twice. */
  close(): void;
}

export interface InputLine {
  readonly name: string;
  /** Reads the level now: true is active, whatever the polarity. */
  isActive(): boolean;
  /** Called on every edge with the level read afterwards; pulses shorter than the event loop's latency may come as one call. */
  onEdge(listener: (active: boolean) => void): void;
  close(): void;
}

/** A line that cannot be had; the message says which one, why, and what to do. */
export class LineError extends Error {}

/**
 * Opens lines. Opening an output never makes an edge: it starts de-energised. Fails with a `LineError` when a chip is
 * unknown, an offset impossible or a line busy.
 */
export interface LineDriver {
  readonly kind: "onoff" | "chardev" | "simulated";
  openOutput(spec: LineSpec): Promise<OutputLine>;
  openInput(spec: LineSpec): Promise<InputLine>;
  /** Called when lines are lost after they were opened; the sentence says what happened. */
  onFailure?(listener: (sentence: string) => void): void;
  close(): void;
}
