#!/bin/sh
# Builds pixels.wasm from pixels.ts. Needed only after a change of pixels.ts; fetches the compiler, which is no dependency
# of the program because it weighs 100 MB.
cd "$(dirname "$0")" || exit 1
exec npx --yes --package assemblyscript@0.28.20 asc pixels.ts --outFile pixels.wasm -O3 --runtime stub --noAssert --enable simd \
  --importMemory --initialMemory 1 --use abort=
