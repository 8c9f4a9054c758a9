import { type BarrierSettings, INPUT_NAMES, OUTPUT_NAMES } from "../../src/core/barrier-types.js";

const base: BarrierSettings = {
  pulseMs: 500,
  holdOffMs: 3000,
  openMs: 15000,
  travelMs: 8000,
  assumeOpenMs: 3000,
  autoClose: false,
  warnMs: 2000,
  maxHoldMs: 60000,
  fireClearMs: 5000,
  heldOpenMs: 60000,
  presenceWaitMs: 0,
  stuckInputMs: 60000,
  inputs: [],
  outputs: ["lift", "green", "red"],
};

/** The ways in which people wire a gate; together they reach every rule of the machine. */
export const wirings: Record<string, BarrierSettings> = {
  "nothing but the relay": base,
  "loop, no contacts, board closes": {
    ...base,
    inputs: ["loop", "exit"],
    outputs: ["lift", "close", "green", "red"],
  },
  "contacts, board closes": { ...base, inputs: ["closed", "open", "beam", "exit", "fire"] },
  "we close, loop, contacts": {
    ...base,
    autoClose: true,
    inputs: ["loop", "beam", "closed", "open", "fire", "stop"],
    outputs: OUTPUT_NAMES,
  },
  "we close, no contacts": {
    ...base,
    autoClose: true,
    inputs: ["loop", "exit", "fire", "stop"],
    outputs: OUTPUT_NAMES,
  },
  "presence asked for": {
    ...base,
    presenceWaitMs: 3000,
    inputs: ["presence", "closed", "loop", "stop"],
    outputs: OUTPUT_NAMES,
  },
  "everything wired": {
    ...base,
    autoClose: true,
    presenceWaitMs: 3000,
    inputs: INPUT_NAMES,
    outputs: OUTPUT_NAMES,
  },
  "only the open contact": {
    ...base,
    autoClose: true,
    inputs: ["open", "beam", "fire"],
    outputs: OUTPUT_NAMES,
  },
};
