/** Where a line is and what it means. Unknown chips, busy lines and impossible offsets refuse the start. */
export interface LineSpec {
  /** What it is for: `lift`, `red`, `green`, `loop` … */
  name: string;
  /** Label of the GPIO chip, such as `pinctrl-bcm2711`; for `simulated` any word. */
  chip: string;
  offset: number;
  /** True when the low level is the energised or active one. */
  activeLow: boolean;
}

export interface OutputLine {
  readonly name: string;
  /** True: energised (relay pulled, lamp lit), whatever the polarity. */
  set(energised: boolean): void;
  isEnergised(): boolean;
  /** Leaves the line de-energised and gives it back. */
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

/** Opens lines. Opening an output never makes an edge: it starts de-energised. */
export interface LineDriver {
  readonly kind: "onoff" | "chardev" | "simulated";
  openOutput(spec: LineSpec): Promise<OutputLine>;
  openInput(spec: LineSpec): Promise<InputLine>;
  close(): void;
}
