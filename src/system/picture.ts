import { stat } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";

/** A picture in memory: packed RGB, 3 bytes a pixel, rows without padding, upright. */
export interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** A picture made from a file, which may have been shrunk while it was decoded. */
export interface LoadedPicture extends Picture {
  /** Size of the upright picture in the file, in pixels. */
  fullWidth: number;
  fullHeight: number;
}

/** A file that is no picture, or a broken one: one sentence. */
export class PictureError extends Error {}

// The operation cache of libvips would only hold pictures that are never asked for again.
sharp.cache(false);

/**
 * Decodes an image file or its bytes: first frame, turned upright by EXIF, alpha laid over grey, 8 bits, sRGB.
 * The long side comes back no longer than `maxSidePx`; JPEG is shrunk while decoding, so memory stays bounded.
 */
export async function loadPicture(source: string | Uint8Array, maxSidePx = 2240): Promise<LoadedPicture> {
  const name = typeof source === "string" ? source : "the picture";
  if (typeof source === "string") await refuseOther(source);
  try {
    const meta = await sharp(source, openOptions).metadata();
    const turned = (meta.orientation ?? 1) >= 5;
    const [fullWidth, fullHeight] = turned ? [meta.height, meta.width] : [meta.width, meta.height];
    const { data, info } = await sharp(source, openOptions)
      .autoOrient()
      .resize({
        width: maxSidePx,
        height: maxSidePx,
        fit: "inside",
        withoutEnlargement: true,
      })
      .flatten({ background: { r: 114, g: 114, b: 114 } })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const rgb =
      info.channels === 3 ? data : await threeChannels(data, info.width, info.height, info.channels);
    return {
      width: info.width,
      height: info.height,
      rgb,
      fullWidth,
      fullHeight,
    };
  } catch (error) {
    throw new PictureError(`${name}: cannot be read as a picture (${reason(error)}).`);
  }
}

/** JPEG bytes of a picture, scaled down to at most `widthPx`, with an SVG of the picture's own size drawn over it. */
export async function jpegOf(
  picture: Picture,
  options: { quality?: number; widthPx?: number; overlaySvg?: string } = {},
): Promise<Buffer> {
  let image = rawImage(picture);
  if (options.overlaySvg !== undefined) {
    const drawn = await image
      .composite([{ input: Buffer.from(options.overlaySvg), left: 0, top: 0 }])
      .raw()
      .toBuffer();
    image = sharp(drawn, {
      raw: {
        width: picture.width,
        height: picture.height,
        channels: (drawn.length / (picture.width * picture.height)) as 3,
      },
    }).removeAlpha();
  }
  if (options.widthPx !== undefined)
    image = image.resize({ width: options.widthPx, withoutEnlargement: true });
  return image.jpeg({ quality: options.quality ?? 80 }).toBuffer();
}

/** The picture scaled to exactly this size. */
export async function scaled(picture: Picture, width: number, height: number): Promise<Picture> {
  const rgb = await rawImage(picture)
    .resize(width, height, {
      fit: "fill",
      kernel: "linear",
      fastShrinkOnLoad: true,
    })
    .raw()
    .toBuffer();
  return { width, height, rgb };
}

/** The decoder would wait at a pipe until somebody writes into it, and takes a device for a broken picture. */
async function refuseOther(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null || found.isFile()) return;
  const what = found.isDirectory() ? "a folder" : found.isFIFO() ? "a pipe" : "a device or a socket";
  throw new PictureError(`${path}: is ${what}, no picture file.`);
}

const openOptions = {
  failOn: "error",
  pages: 1,
  sequentialRead: true,
  limitInputPixels: 268_402_689,
} as const;

function rawImage({ width, height, rgb }: Picture): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

async function threeChannels(
  data: Buffer,
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } })
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer();
}

/** The first line of what the decoder said, without its file name and full stop. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").replace(/\.$/, "");
}
