#!/bin/sh
# Builds pixels.wasm and fusion.wasm from the sources beside. Needed only after a change of these; fetches the compiler,
# which is no dependency of the program because it weighs 100 MB.
cd "$(dirname "$0")" || exit 1
for name in pixels fusion; do
  npx --yes --package assemblyscript@0.28.20 asc $name.ts --outFile $name.wasm -O3 --runtime stub --noAssert --enable simd \
    --importMemory --initialMemory 1 --use abort= || exit 1
done
