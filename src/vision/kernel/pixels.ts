/**
 * Pixel work of the vision part, in AssemblyScript (WebAssembly with SIMD): resampling, straightening, thumbnails.
 * Packed RGB, 8 bits. It holds no state and allocates nothing: `../pixels.ts` lays out the memory and hands pointers in.
 * pixels.wasm is built from this file by build.sh and committed, as the models are.
 */

/**
 * Separable resampling by tables of taps. A table has `taps + 1` numbers (u16) for every output position: the first
 * source position, then weights that sum to 256; unused taps weigh 0 and the source must be readable there.
 * `row`: scratch of (source width in bytes + 32) u16.
 */
export function resample(
  src: usize, srcStride: i32, srcWidth: i32,
  dst: usize, dstStride: i32, dstWidth: i32, dstHeight: i32,
  across: usize, acrossTaps: i32, down: usize, downTaps: i32, row: usize,
): void {
  const bytes = srcWidth * 3;
  for (let y = 0; y < dstHeight; y++) {
    const table = down + <usize>(y * (downTaps + 1) * 2);
    verticalPass(src + <usize>(<i32>load<u16>(table) * srcStride), srcStride, bytes, table + 2, downTaps, row);
    if (srcWidth == 2 * dstWidth) halfPass(row, dst + <usize>(y * dstStride), dstWidth);
    else horizontalPass(row, dst + <usize>(y * dstStride), dstWidth, across, acrossTaps);
  }
}

/** Weighted sum of `taps` rows into u16; the weights sum to 256, so 255 * 256 still fits. */
function verticalPass(src: usize, stride: i32, bytes: i32, weights: usize, taps: i32, row: usize): void {
  for (let x = 0; x < bytes; x += 16) {
    let low = i16x8.splat(0);
    let high = i16x8.splat(0);
    let at = src + <usize>x;
    for (let t = 0; t < taps; t++) {
      const w = i16x8.splat(load<i16>(weights + <usize>(t * 2)));
      const v = v128.load(at);
      low = i16x8.add(low, i16x8.mul(i16x8.extend_low_i8x16_u(v), w));
      high = i16x8.add(high, i16x8.mul(i16x8.extend_high_i8x16_u(v), w));
      at += stride;
    }
    v128.store(row + <usize>(x * 2), low);
    v128.store(row + <usize>(x * 2 + 16), high);
  }
}

/** Weighted sum of `taps` neighbouring pixels of the u16 row, rounded to bytes. */
function horizontalPass(row: usize, dst: usize, width: i32, table: usize, taps: i32): void {
  for (let x = 0; x < width; x++) {
    let at = row + <usize>(<i32>load<u16>(table) * 6);
    table += 2;
    let sum = i32x4.splat(0x8000);
    for (let t = 0; t < taps; t++) {
      sum = i32x4.add(sum, i32x4.extmul_low_i16x8_u(v128.load64_zero(at), i16x8.splat(load<i16>(table))));
      at += 6;
      table += 2;
    }
    const narrow = i16x8.narrow_i32x4_u(i32x4.shr_u(sum, 16), sum);
    put(dst, i8x16.narrow_i16x8_u(narrow, narrow), x + 1 < width);
    dst += 3;
  }
}

/** The same for exactly half the width, the usual case of 720p: four pixels at once as means of neighbours. */
function halfPass(row: usize, dst: usize, width: i32): void {
  let x = 0;
  for (; x + 4 <= width; x += 4) {
    const a = v128.load(row), b = v128.load(row, 16), c = v128.load(row, 32);
    // Lanes: a holds pixels 0, 1 and the first two bytes of 2; b the rest of 2, then 3, 4 and the first of 5; c the rest.
    const even = v128.shuffle<u16>(a, b, 0, 1, 2, 6, 7, 8, 12, 13);
    const odd = i16x8.replace_lane(v128.shuffle<u16>(a, b, 3, 4, 5, 9, 10, 11, 15, 15), 7, i16x8.extract_lane_s(c, 0));
    const evenEnd = v128.shuffle<u16>(b, c, 6, 10, 11, 12, 6, 6, 6, 6);
    const oddEnd = v128.shuffle<u16>(c, c, 1, 5, 6, 7, 1, 1, 1, 1);
    const bytes = i8x16.narrow_i16x8_u(rounded(even, odd), rounded(evenEnd, oddEnd));
    v128.store64_lane(dst, bytes, 0);
    v128.store32_lane(dst, bytes, 2, 8);
    row += 48;
    dst += 12;
  }
  for (; x < width; x++) {
    for (let k = 0; k < 3; k++) {
      const sum = <i32>load<u16>(row + <usize>(k * 2)) + <i32>load<u16>(row + <usize>(k * 2 + 6));
      store<u8>(dst + k, <u8>((sum + 256) >> 9));
    }
    row += 12;
    dst += 3;
  }
}

/** Mean of two rows of u16 that carry 8 bits behind the point, rounded to whole numbers. */
// @ts-ignore: decorator of AssemblyScript
@inline
function rounded(a: v128, b: v128): v128 {
  return i16x8.shr_u(i16x8.add(i16x8.avgr_u(a, b), i16x8.splat(128)), 8);
}

/** Stores a pixel; `more`: the byte behind it will be written later, so four bytes at once do no harm. */
// @ts-ignore: decorator of AssemblyScript
@inline
function put(dst: usize, bytes: v128, more: bool): void {
  if (more) v128.store32_lane(dst, bytes, 0);
  else {
    v128.store16_lane(dst, bytes, 0);
    v128.store8_lane(dst, bytes, 2, 2);
  }
}

/**
 * Bilinear view through a projective map: `map` is nine f32, row-major, from output pixel centres (0.5, 0.5 …) to source
 * pixels (centre of the first one at 0.5, 0.5). Outside the source its border pixels are repeated.
 */
export function warp(
  src: usize, srcStride: i32, srcWidth: i32, srcHeight: i32,
  dst: usize, dstWidth: i32, dstHeight: i32, map: usize,
): void {
  const a = load<f32>(map), b = load<f32>(map + 4), c = load<f32>(map + 8);
  const d = load<f32>(map + 12), e = load<f32>(map + 16), f = load<f32>(map + 20);
  const g = load<f32>(map + 24), h = load<f32>(map + 28), i = load<f32>(map + 32);
  const maxX = <f32>(srcWidth - 1), maxY = <f32>(srcHeight - 1);
  for (let y = 0; y < dstHeight; y++) {
    const v = <f32>y + 0.5;
    for (let x = 0; x < dstWidth; x++) {
      const u = <f32>x + 0.5;
      const z: f32 = 1.0 / (g * u + h * v + i);
      const sx = max<f32>(0, min<f32>(maxX, (a * u + b * v + c) * z - 0.5));
      const sy = max<f32>(0, min<f32>(maxY, (d * u + e * v + f) * z - 0.5));
      const ix = <i32>sx, iy = <i32>sy;
      const right = i16x8.splat(<i16>((sx - <f32>ix) * 256.0));
      const below = i16x8.splat(<i16>((sy - <f32>iy) * 256.0));
      const at = src + <usize>(iy * srcStride + ix * 3);
      const next: usize = ix < srcWidth - 1 ? 3 : 0;
      const under = iy < srcHeight - 1 ? at + srcStride : at;
      const top = mix(pixel(at), pixel(at + next), right);
      const bottom = mix(pixel(under), pixel(under + next), right);
      const out = mix(top, bottom, below);
      put(dst, i8x16.narrow_i16x8_u(out, out), x + 1 < dstWidth);
      dst += 3;
    }
  }
}

// @ts-ignore: decorator of AssemblyScript
@inline
function pixel(at: usize): v128 {
  return i16x8.extend_low_i8x16_u(v128.load32_zero(at));
}

/** a + (b - a) * share / 256, lanes 0..255, share 0..256. */
// @ts-ignore: decorator of AssemblyScript
@inline
function mix(a: v128, b: v128, share: v128): v128 {
  const left = i16x8.sub(i16x8.splat(256), share);
  const sum = i16x8.add(i16x8.add(i16x8.mul(a, left), i16x8.mul(b, share)), i16x8.splat(128));
  return i16x8.shr_u(sum, 8);
}

/** Tiny grey picture: each pixel is the mean of 4x4 spread samples of its cell, weighing green double. */
export function thumbnail(
  src: usize, srcStride: i32, srcWidth: i32, srcHeight: i32, dst: usize, dstWidth: i32, dstHeight: i32,
): void {
  for (let y = 0; y < dstHeight; y++) {
    for (let x = 0; x < dstWidth; x++) {
      let sum = 0;
      for (let sy = 0; sy < 4; sy++) {
        const row = src + <usize>(((y * 4 + sy) * 2 + 1) * srcHeight / (dstHeight * 8) * srcStride);
        for (let sx = 0; sx < 4; sx++) {
          const at = row + <usize>(((x * 4 + sx) * 2 + 1) * srcWidth / (dstWidth * 8) * 3);
          sum += <i32>load<u8>(at) + 2 * <i32>load<u8>(at + 1) + <i32>load<u8>(at + 2);
        }
      }
      store<u8>(dst++, <u8>(sum >> 6));
    }
  }
}
