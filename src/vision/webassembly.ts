/// <reference path="./webassembly-types.d.ts" />
import { readFileSync } from "node:fs";

/** What kernel/`name`.wasm exports, at work on the given memory. */
export function loadKernel<K>(name: "pixels" | "fusion", memory: WebAssembly.Memory): K {
  const file = new URL(`../../../src/vision/kernel/${name}.wasm`, import.meta.url);
  const module = new WebAssembly.Module(readFileSync(file));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as K;
}
