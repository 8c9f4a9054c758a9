import type { Quad } from "../core/geometry.js";

/** A plate to be drawn. */
export interface Mark {
  quad: Quad;
  /** Written above the plate; may be empty. */
  label: string;
}

/** SVG of the picture's size with the plates outlined and labelled, to be laid over it. */
export function overlayOf(width: number, height: number, marks: readonly Mark[]): string {
  const thin = Math.max(1.5, width / 500);
  const size = Math.max(12, width / 45);
  const shapes = marks.map(({ quad, label }) => {
    const points = quad.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    const outline = `<polygon points="${points}" fill="none" stroke="#00e07a" stroke-width="${thin}"/>`;
    if (label === "") return outline;
    const left = Math.max(0, Math.min(...quad.map((p) => p[0])));
    const top = Math.min(...quad.map((p) => p[1])) - thin * 2;
    const base = top > size ? top : Math.max(...quad.map((p) => p[1])) + size;
    const text = `font-family="DejaVu Sans, sans-serif" font-weight="bold" font-size="${size}"`;
    return `${outline}<text x="${left}" y="${base}" ${text} fill="#00e07a" stroke="#000" stroke-width="${size / 6}" paint-order="stroke">${escaped(label)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join("")}</svg>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
