/**
 * Crops of one plate laid over each other, in AssemblyScript: the sums for fitting one to the other, and their weighted
 * mean. Like pixels.ts it holds no state; `../fusion.ts` lays out the memory. fusion.wasm is built from this file.
 */
export { warp } from "./pixels";

/**
 * Grey picture (f32) in which every pixel is the mean of `factor` x `factor` pixels, brought to mean 0 and deviation 1;
 * a plain picture becomes 0. Width and height are those of the source and multiples of the factor.
 */
export function greyed(src: usize, width: i32, height: i32, factor: i32, dst: usize): void {
  const w = width / factor, h = height / factor;
  let sum: f64 = 0, squares: f64 = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let grey = 0;
      for (let dy = 0; dy < factor; dy++) {
        let at = src + <usize>(((y * factor + dy) * width + x * factor) * 3);
        for (let dx = 0; dx < factor; dx++) {
          grey += <i32>load<u8>(at) + 2 * <i32>load<u8>(at + 1) + <i32>load<u8>(at + 2);
          at += 3;
        }
      }
      const value = <f32>grey;
      store<f32>(dst + <usize>((y * w + x) * 4), value);
      sum += <f64>value;
      squares += <f64>value * <f64>value;
    }
  }
  const count = <f64>(w * h);
  const mean = sum / count;
  const spread = Math.sqrt(Math.max(0, squares / count - mean * mean));
  const scale: f64 = spread > <f64>(factor * factor) ? 1 / spread : 0;
  for (let i = 0; i < w * h; i++) {
    const at = dst + <usize>(i * 4);
    store<f32>(at, <f32>((<f64>load<f32>(at) - mean) * scale));
  }
}

/**
 * What one step of Gauss-Newton needs to fit `image` to `wanted` (Lucas & Kanade 1981; Baker & Matthews 2004), both f32 of
 * one size. `map`: six f32, row-major, from pixels of `wanted` to pixels of `image`. `sums`: 26 f64: products of the
 * gradient (xx, xy, yy), each times 1, u, v, uu, uv, vv; gradient times difference (x, y), each times 1, u, v; the sum of
 * squared differences; and the pixels that took part.
 */
export function fitting(wanted: usize, image: usize, width: i32, height: i32, map: usize, sums: usize): void {
  const a = load<f32>(map), b = load<f32>(map + 4), c = load<f32>(map + 8);
  const d = load<f32>(map + 12), e = load<f32>(map + 16), f = load<f32>(map + 20);
  const lastX = <f32>(width - 1), lastY = <f32>(height - 1);
  for (let i = 0; i < 26; i++) store<f64>(sums + <usize>(i * 8), 0);
  for (let y = 0; y < height; y++) {
    let xx: f32 = 0, xxu: f32 = 0, xxuu: f32 = 0, xy: f32 = 0, xyu: f32 = 0, xyuu: f32 = 0, yy: f32 = 0, yyu: f32 = 0, yyuu: f32 = 0;
    let xd: f32 = 0, xdu: f32 = 0, yd: f32 = 0, ydu: f32 = 0, dd: f32 = 0, count: f32 = 0;
    const v = <f32>y;
    let want = wanted + <usize>(y * width * 4);
    for (let x = 0; x < width; x++, want += 4) {
      const u = <f32>x;
      const sx = a * u + b * v + c, sy = d * u + e * v + f;
      if (!(sx >= 0 && sy >= 0 && sx < lastX && sy < lastY)) continue;
      const ix = <i32>sx, iy = <i32>sy;
      const rx = sx - <f32>ix, ry = sy - <f32>iy;
      const at = image + <usize>((iy * width + ix) * 4);
      const under = at + <usize>(width * 4);
      const p = load<f32>(at), q = load<f32>(at + 4), r = load<f32>(under), s = load<f32>(under + 4);
      const top = q - p, bottom = s - r;
      const gx = top + (bottom - top) * ry;
      const gy = (r - p) + (bottom - top) * rx;
      const off = load<f32>(want) - (p + top * rx + gy * ry);
      const gxx = gx * gx, gxy = gx * gy, gyy = gy * gy, gxd = gx * off, gyd = gy * off;
      xx += gxx; xxu += gxx * u; xxuu += gxx * u * u;
      xy += gxy; xyu += gxy * u; xyuu += gxy * u * u;
      yy += gyy; yyu += gyy * u; yyuu += gyy * u * u;
      xd += gxd; xdu += gxd * u;
      yd += gyd; ydu += gyd * u;
      dd += off * off;
      count += 1;
    }
    products(sums, xx, xxu, xxuu, v);
    products(sums + 48, xy, xyu, xyuu, v);
    products(sums + 96, yy, yyu, yyuu, v);
    plus(sums + 144, xd); plus(sums + 152, xdu); plus(sums + 160, xd * v);
    plus(sums + 168, yd); plus(sums + 176, ydu); plus(sums + 184, yd * v);
    plus(sums + 192, dd);
    plus(sums + 200, count);
  }
}

/** One row's share of a product times 1, u, v, uu, uv, vv. */
function products(sums: usize, one: f32, u: f32, uu: f32, v: f32): void {
  plus(sums, one); plus(sums + 8, u); plus(sums + 16, one * v);
  plus(sums + 24, uu); plus(sums + 32, u * v); plus(sums + 40, one * v * v);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function plus(at: usize, value: f32): void {
  store<f64>(at, load<f64>(at) + <f64>value);
}

/** Adds `count` bytes to the sums (f32) with a weight. */
export function add(src: usize, count: i32, weight: f32, sums: usize): void {
  for (let i = 0; i < count; i++) {
    const at = sums + <usize>(i * 4);
    store<f32>(at, load<f32>(at) + weight * <f32>load<u8>(src + <usize>i));
  }
}

/** The sums as bytes, times `scale`. */
export function settle(sums: usize, count: i32, scale: f32, dst: usize): void {
  for (let i = 0; i < count; i++)
    store<u8>(dst + <usize>i, <u8>min<f32>(255, load<f32>(sums + <usize>(i * 4)) * scale + 0.5));
}
