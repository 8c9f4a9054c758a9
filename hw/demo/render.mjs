// Renders the demo clip: `npm run render:demo` writes hw/demo/demo.mp4 (needs GStreamer with x264enc).
// Two cars with invented plates come to the gate: the first may pass, the second is turned away.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { CAR_HEIGHT, CAR_SCALE, CAR_WIDTH, car } from "./car.mjs";
import { background, barrier, HEIGHT, pixelsPerMetre, project, WIDTH } from "./scene.mjs";

const FPS = 15;
const SECONDS = 24;
const EXPOSURE_S = 0.008;
const out = process.argv[2] ?? fileURLToPath(new URL("demo.mp4", import.meta.url));

const cars = [
  { plate: "PG26 DEM", paint: ["#7fa6cf", "#3f6f9f", "#1d3550"], band: true, path: firstCar },
  { plate: "XB71 NOT", paint: ["#d4d2cc", "#a3a19c", "#57554f"], band: false, path: secondCar },
];

/** Distance from the camera and offset to the right in metres at `t` seconds; null: not in the picture. */
function firstCar(t) {
  if (t < 1.2 || t > 11) return null;
  if (t < 6) return { z: between(34, 5.1, slowing((t - 1.2) / 4.8)), x: between(0.15, -0.35, (t - 1.2) / 4.8) };
  if (t < 8.6) return { z: 5.1, x: -0.35 };
  const u = (t - 8.6) / 2.2;
  const z = 5.1 - 4.1 * u * u;
  return z < 1.25 ? null : { z, x: -0.35 - 1.5 * u * u };
}

function secondCar(t) {
  if (t < 12.6 || t > 23) return null;
  if (t < 17) return { z: between(34, 4.9, slowing((t - 12.6) / 4.4)), x: between(0.15, -0.3, (t - 12.6) / 4.4) };
  if (t < 19.6) return { z: 4.9, x: -0.3 };
  const u = (t - 19.6) / 3.4;
  return { z: 4.9 + 34 * u * u, x: -0.3 + 0.5 * u };
}

function raised(t) {
  return clamp((t - 7.2) / 1.2) - clamp((t - 11) / 1.3);
}

const random = mulberry32(26);
const scene = await sharp(Buffer.from(background(random))).removeAlpha().png().toBuffer();
const sprites = await Promise.all(cars.map((c) => sharp(Buffer.from(car(c))).png().toBuffer()));
const grains = Array.from({ length: 5 }, () => grain(random));
const encoder = spawn(
  "gst-launch-1.0",
  `-q fdsrc fd=0 ! rawvideoparse format=rgb width=${WIDTH} height=${HEIGHT} framerate=${FPS}/1 ! videoconvert ! video/x-raw,format=I420
   ! x264enc pass=quant quantizer=27 speed-preset=veryslow key-int-max=${FPS} bframes=0 ! video/x-h264,profile=main ! h264parse
   ! mp4mux faststart=true ! filesink location=${out}`.split(/\s+/),
  { stdio: ["pipe", "inherit", "inherit"] },
);
for (let frame = 0; frame < FPS * SECONDS; frame++) {
  const rgb = await render(frame / FPS, frame);
  if (!encoder.stdin.write(rgb)) await once(encoder.stdin, "drain");
  if (process.stdout.isTTY && frame % FPS === 0) process.stdout.write(`\r${frame / FPS} of ${SECONDS} s`);
}
encoder.stdin.end();
const [code] = await once(encoder, "exit");
console.log(code === 0 ? `Wrote ${out}.` : "The encoder failed; its own words stand above.");
process.exitCode = code ?? 1;

async function render(t, frame) {
  const layers = [];
  for (const [i, { path }] of cars.entries()) {
    // Several moments of one exposure, averaged: what moves smears as it does in a camera.
    const moments = Math.min(6, Math.max(1, Math.ceil(shift(path(t), path(t + EXPOSURE_S)))));
    for (let n = 0; n < moments; n++) {
      const at = t + (EXPOSURE_S * n) / moments;
      const place = path(at);
      if (place !== null) layers.push(...(await carAt(sprites[i], place, 1 / (n + 1), at)));
    }
  }
  const r = raised(t);
  layers.push({ input: Buffer.from(barrier(Math.max(0, r), r > 0.02)) });
  layers.push({ input: grains[frame % grains.length], raw: { width: WIDTH, height: HEIGHT, channels: 4 }, blend: "over" });
  const drawn = await sharp(scene).composite(layers).removeAlpha().raw().toBuffer();
  // A lens is never as sharp as a drawing.
  return sharp(drawn, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).blur(0.6).raw().toBuffer();
}

/** How many pixels the foot of the car moves between two places. */
function shift(a, b) {
  if (a === null || b === null) return 0;
  const [[ax, ay], [bx, by]] = [project(a.x, 0, a.z), project(b.x, 0, b.z)];
  return Math.hypot(ax - bx, ay - by);
}

async function carAt(sprite, { z, x }, opacity, t) {
  const scale = pixelsPerMetre(z) / CAR_SCALE;
  // Springs: a hint of pitch while it moves.
  const [cx, ground] = project(x, 0.004 * Math.sin(t * 9), z);
  const width = Math.round(CAR_WIDTH * scale);
  const height = Math.round(CAR_HEIGHT * scale);
  if (width < 8) return [];
  const left = Math.round(cx - width / 2);
  const top = Math.round(ground - height * 0.985);
  const cut = { left: Math.max(0, -left), top: Math.max(0, -top) };
  const seen = { width: Math.min(width, WIDTH - left) - cut.left, height: Math.min(height, HEIGHT - top) - cut.top };
  if (seen.width <= 0 || seen.height <= 0) return [];
  let image = sharp(sprite).resize(width, height, { fit: "fill" }).extract({ ...cut, ...seen });
  if (opacity < 1) image = image.ensureAlpha().composite([{ input: Buffer.from([0, 0, 0, Math.round(255 * opacity)]), raw: { width: 1, height: 1, channels: 4 }, tile: true, blend: "dest-in" }]);
  return [{ input: await image.png({ compressionLevel: 0 }).toBuffer(), left: left + cut.left, top: top + cut.top }];
}

/** Sensor noise as a layer of its own: grey, mostly clear. */
function grain(random) {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let i = 0; i < pixels.length; i += 4) {
    const n = random() + random() + random() - 1.5;
    pixels[i] = pixels[i + 1] = pixels[i + 2] = n > 0 ? 255 : 0;
    pixels[i + 3] = Math.abs(n) * 9;
  }
  return pixels;
}

function between(a, b, u) {
  return a + (b - a) * u;
}
function slowing(u) {
  return 1 - (1 - clamp(u)) ** 2;
}
function clamp(u) {
  return Math.min(1, Math.max(0, u));
}
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let v = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    v = (v + Math.imul(v ^ (v >>> 7), 61 | v)) ^ v;
    return ((v ^ (v >>> 14)) >>> 0) / 4294967296;
  };
}
