import type { Quad } from "../core/geometry.js";
import type { Clock } from "../system/clock.js";
import { jpegOf, type Picture } from "../system/picture.js";

/** A plate to be drawn into the picture. */
export interface DrawnPlate {
  quad: Quad;
  text: string;
  probability: number;
}

/** Live pictures for those who watch: drawn only while somebody does, and never more than one at a time. */
export function createLivePicture(clock: Clock, send: (jpeg: Buffer, atMs: number) => Promise<void>) {
  let untilMs = Number.NEGATIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  let wish = { maxFps: 5, widthPx: 960 };
  let busy = false;

  return {
    request(asked: { forMs: number; maxFps: number; widthPx: number }): void {
      untilMs = clock.monotonicMs() + Math.min(asked.forMs, 60_000);
      wish = { maxFps: clamp(asked.maxFps, 1, 30), widthPx: Math.round(clamp(asked.widthPx, 64, 1920)) };
    },
    /** Takes a frame if one is due; the rest happens beside the analysis. */
    offer(frame: Picture & { atMs: number }, plates: readonly DrawnPlate[]): void {
      const nowMs = clock.monotonicMs();
      // A little early is better than every second frame: cameras are not punctual.
      if (busy || nowMs >= untilMs || nowMs - lastMs < 1000 / wish.maxFps - 15) return;
      busy = true;
      lastMs = nowMs;
      void jpegOf(frame, {
        quality: 72,
        widthPx: wish.widthPx,
        ...(plates.length === 0 ? {} : { overlaySvg: overlay(frame, plates) }),
      })
        .then((jpeg) => send(jpeg, frame.atMs))
        .catch(() => {
          // A picture that nobody gets to see is no reason to stop looking.
        })
        .finally(() => {
          busy = false;
        });
    },
  };
}

/** Frames around the plates with what was read, as an SVG of the picture's size. */
export function overlay(
  { width, height }: { width: number; height: number },
  plates: readonly DrawnPlate[],
): string {
  const line = Math.max(2, Math.round(width / 480));
  const font = Math.max(14, Math.round(width / 48));
  const shapes = plates.map(({ quad, text, probability }) => {
    const colour = probability >= 0.9 ? "#37d67a" : "#ffb020";
    const corners = quad.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    const label = text === "" ? "" : `${text} ${Math.floor(probability * 100)} %`;
    const left = clamp(
      Math.min(...quad.map((p) => p[0])),
      0,
      Math.max(0, width - label.length * font * 0.62 - 12),
    );
    const top = Math.min(...quad.map((p) => p[1])) - line * 2;
    const y = top - font * 1.3 < 0 ? Math.max(...quad.map((p) => p[1])) + font * 1.5 : top;
    const tag =
      label === ""
        ? ""
        : `<rect x="${left}" y="${y - font * 1.15}" width="${label.length * font * 0.62 + 12}" height="${font * 1.4}" rx="4" fill="#000" opacity="0.7"/><text x="${left + 6}" y="${y - font * 0.15}" font-family="DejaVu Sans Mono, monospace" font-size="${font}" font-weight="bold" fill="${colour}">${escaped(label)}</text>`;
    return `<polygon points="${corners}" fill="none" stroke="${colour}" stroke-width="${line}"/>${tag}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join("")}</svg>`;
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, "");
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Number.isFinite(value) ? value : least));
}
