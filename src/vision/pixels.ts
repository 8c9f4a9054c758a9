import { type Box, boxAround, type Point, type Quad, quadSize, squareToQuad } from "../core/geometry.js";
import type { Picture } from "../system/picture.js";
import { weightTable } from "./resampling.js";
import { loadKernel } from "./webassembly.js";

/** A part of a picture scaled into a field: where the part begins, and the scale from its pixels to the field's. */
export interface Letterbox {
  left: number;
  top: number;
  width: number;
  height: number;
  rgb: Uint8Array;
  scale: number;
}

/** Scaling, straightening and thumbnails of the picture that was put in last. Answers are copies, but for `letterbox`. */
export interface Pixels {
  /** Takes a picture in; the same object again costs nothing. */
  put(picture: Picture): void;
  /** A part scaled to fit, by no more than `maxScale`, padded right and below with grey; `rgb` is overwritten by the next call. */
  letterbox(part: Box, width: number, height: number, maxScale?: number): Letterbox;
  /** The quad straightened to exactly this size; border pixels are repeated outside the picture. Null for a degenerate one. */
  straighten(quad: Quad, width: number, height: number): Picture | null;
  /** Tiny grey picture of a part. */
  thumbnail(part: Box, width: number, height: number): Uint8Array;
}

const PADDING = 114;
/** The kernel reads rows in steps of 16 bytes and may touch what follows a row. */
const SLACK = 64;

/** Loads the WebAssembly kernel (kernel/pixels.ts); the memory grows to what the largest picture needs. */
export function createPixels(): Pixels {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = loadKernel<Kernel>("pixels", memory);
  const tables = new Map<string, Uint16Array>();
  let held: Picture | null = null;
  /** Layout: scratch for tables, row and map first, then the picture, then what is made of it. */
  const scratch = { map: 1024, across: 2048, down: 0, row: 0, picture: 0, out: 0 };
  const maxSide = 16_384;
  scratch.down = scratch.across + 16 * maxSide;
  scratch.row = scratch.down + 16 * maxSide;
  scratch.picture = scratch.row + 2 * (3 * maxSide + SLACK);

  return { put, letterbox, straighten, thumbnail };

  function put(picture: Picture): void {
    if (held === picture) return;
    const bytes = picture.width * picture.height * 3;
    if (picture.rgb.length < bytes || Math.max(picture.width, picture.height) > maxSide) {
      throw new Error(
        `A picture of ${picture.width}x${picture.height} pixels with ${picture.rgb.length} bytes cannot be looked at.`,
      );
    }
    scratch.out = scratch.picture + bytes + SLACK;
    reserve(scratch.out);
    new Uint8Array(memory.buffer, scratch.picture, bytes).set(
      picture.rgb.length === bytes ? picture.rgb : picture.rgb.subarray(0, bytes),
    );
    held = picture;
  }

  function letterbox(part: Box, width: number, height: number, maxScale = 8): Letterbox {
    const [x, y, w, h] = inPicture(part);
    const scale = Math.min(width / w, height / h, maxScale);
    const dw = Math.min(width, Math.max(1, Math.round(w * scale)));
    const dh = Math.min(height, Math.max(1, Math.round(h * scale)));
    const bytes = width * height * 3;
    reserve(scratch.out + bytes);
    const rgb = new Uint8Array(memory.buffer, scratch.out, bytes);
    if (dh < height) rgb.fill(PADDING, dh * width * 3);
    if (dw < width)
      for (let row = 0; row < dh; row++) rgb.fill(PADDING, (row * width + dw) * 3, (row + 1) * width * 3);
    resample([x, y, w, h], scratch.out, width * 3, dw, dh);
    return { left: x, top: y, width, height, rgb, scale };
  }

  function straighten(quad: Quad, width: number, height: number): Picture | null {
    const { picture: source, stride, size, corners } = sourceOf(quad, width, height);
    const m = squareToQuad(corners);
    if (m === null || !m.every(Number.isFinite)) return null;
    const map = [
      m[0] / width,
      m[1] / height,
      m[2],
      m[3] / width,
      m[4] / height,
      m[5],
      m[6] / width,
      m[7] / height,
      m[8],
    ];
    const at = source === scratch.picture ? scratch.out : source + stride * size[1] + SLACK;
    reserve(at + width * height * 3);
    new Float32Array(memory.buffer, scratch.map, 9).set(map);
    kernel.warp(source, stride, size[0], size[1], at, width, height, scratch.map);
    return { width, height, rgb: new Uint8Array(memory.buffer, at, width * height * 3).slice() };
  }

  function thumbnail(part: Box, width: number, height: number): Uint8Array {
    const [x, y, w, h] = inPicture(part);
    const stride = here().width * 3;
    reserve(scratch.out + width * height);
    kernel.thumbnail(scratch.picture + y * stride + x * 3, stride, w, h, scratch.out, width, height);
    return new Uint8Array(memory.buffer, scratch.out, width * height).slice();
  }

  /** The picture itself, or its part around the quad shrunk first where the plate is much larger than the crop. */
  function sourceOf(quad: Quad, width: number, height: number) {
    const picture = here();
    const size = quadSize(quad);
    const [fx, fy] = [Math.min(1, (1.4 * width) / size.width), Math.min(1, (1.4 * height) / size.height)];
    const whole = {
      picture: scratch.picture,
      stride: picture.width * 3,
      size: [picture.width, picture.height] as const,
      corners: quad,
    };
    if (Math.min(fx, fy) >= 0.75) return whole;
    const around = boxAround(quad);
    const part = inPicture([
      Math.floor(around[0]) - 2,
      Math.floor(around[1]) - 2,
      Math.ceil(around[2]) + 4,
      Math.ceil(around[3]) + 4,
    ]);
    const dw = Math.max(2, Math.round(part[2] * fx));
    const dh = Math.max(2, Math.round(part[3] * fy));
    resample(part, scratch.out, dw * 3, dw, dh);
    const moved = ([x, y]: Point): Point => [((x - part[0]) * dw) / part[2], ((y - part[1]) * dh) / part[3]];
    const corners = [moved(quad[0]), moved(quad[1]), moved(quad[2]), moved(quad[3])] as const;
    return { picture: scratch.out, stride: dw * 3, size: [dw, dh] as const, corners };
  }

  function resample([x, y, w, h]: Box, out: number, outStride: number, dw: number, dh: number): void {
    reserve(out + outStride * dh);
    const stride = here().width * 3;
    const across = table(w, dw);
    const down = table(h, dh);
    new Uint16Array(memory.buffer, scratch.across, across.length).set(across);
    new Uint16Array(memory.buffer, scratch.down, down.length).set(down);
    const source = scratch.picture + y * stride + x * 3;
    const taps = [across.length / dw - 1, down.length / dh - 1] as const;
    kernel.resample(
      source,
      stride,
      w,
      out,
      outStride,
      dw,
      dh,
      scratch.across,
      taps[0],
      scratch.down,
      taps[1],
      scratch.row,
    );
  }

  function table(source: number, target: number): Uint16Array {
    const key = `${source}/${target}`;
    let found = tables.get(key);
    if (found === undefined) {
      found = weightTable(source, target);
      // Plates come in every size; frames in one or two.
      if (tables.size > 64) tables.clear();
      tables.set(key, found);
    }
    return found;
  }

  function inPicture([x, y, w, h]: Box): Box {
    const picture = here();
    const left = Math.min(picture.width - 1, Math.max(0, Math.round(x)));
    const top = Math.min(picture.height - 1, Math.max(0, Math.round(y)));
    const right = Math.min(picture.width, Math.max(left + 1, Math.round(x + w)));
    const bottom = Math.min(picture.height, Math.max(top + 1, Math.round(y + h)));
    return [left, top, right - left, bottom - top];
  }

  function here(): Picture {
    if (held === null) throw new Error("No picture was put in.");
    return held;
  }

  function reserve(end: number): void {
    const missing = end + SLACK - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
  }
}

interface Kernel {
  resample(...numbers: number[]): void;
  warp(...numbers: number[]): void;
  thumbnail(...numbers: number[]): void;
}
