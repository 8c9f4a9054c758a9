import sharp from "sharp";

export interface SceneWish {
  plate: string;
  /** 0: far down the road, 1: at the barrier. */
  nearness: number;
  /** Body colour. */
  colour?: string;
  /** Text of the box drawn round the plate, as the eye draws it; left out: no box. */
  boxText?: string;
  boxColour?: string;
  night?: boolean;
  widthPx?: number;
  quality?: number;
}

/** A drawn gate with a drawn car, as JPEG: no real place, no real plate. */
export async function sceneJpeg(wish: SceneWish): Promise<Buffer> {
  const image = sharp(Buffer.from(sceneSvg(wish))).resize({ width: wish.widthPx ?? 960 });
  return image.jpeg({ quality: wish.quality ?? 72 }).toBuffer();
}

/** The straightened plate of such a car, a little soft, as a reader would get it. */
export async function cropJpeg(plate: string, blur = 0.7): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="64">${plateSvg(plate, 128, 32, 256)}</svg>`;
  return sharp(Buffer.from(svg)).blur(blur).modulate({ brightness: 0.93 }).jpeg({ quality: 70 }).toBuffer();
}

function sceneSvg({
  plate,
  nearness,
  colour = "#3b5568",
  boxText,
  boxColour = "#45d597",
  night = false,
}: SceneWish): string {
  const scale = 0.22 + nearness * 0.78;
  const x = 480 + (1 - nearness) * 46;
  const y = 262 + nearness * 190;
  const plateWidth = 118 * scale;
  const plateY = y - 40 * scale;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="960" height="540" viewBox="0 0 960 540">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="${night ? "#0d1520" : "#b9cbd6"}"/><stop offset="1" stop-color="${night ? "#243140" : "#e6e4da"}"/></linearGradient>
    <linearGradient id="road" x2="0" y2="1"><stop stop-color="${night ? "#2a2e33" : "#8c8f90"}"/><stop offset="1" stop-color="${night ? "#191c20" : "#5d6163"}"/></linearGradient>
    <linearGradient id="glass" x2="0" y2="1"><stop stop-color="#1c262c"/><stop offset="1" stop-color="#52646d"/></linearGradient>
    <linearGradient id="body" x2="0" y2="1"><stop stop-color="#fff" stop-opacity=".25"/><stop offset=".5" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".35"/></linearGradient>
    <filter id="soft"><feGaussianBlur stdDeviation="7"/></filter>
    <filter id="grain"><feTurbulence baseFrequency=".9" numOctaves="2" seed="4"/><feColorMatrix values="0 0 0 0 .5 0 0 0 0 .5 0 0 0 0 .5 0 0 0 .16 0"/></filter>
  </defs>
  <rect width="960" height="540" fill="url(#sky)"/>
  <path d="M0 232 120 206l110 18 130-30 150 22 170-26 150 28 130-14v90H0Z" fill="${night ? "#141d1d" : "#7d8f80"}"/>
  <path d="M0 150h250v118H0Z" fill="${night ? "#2b2a2b" : "#b5a896"}"/><path d="M0 140h262v14H0Z" fill="${night ? "#191919" : "#7b6f62"}"/>
  ${[20, 90, 160].map((left) => `<path d="M${left} 178h44v52H${left}Z" fill="${night ? "#d7b878" : "#5e6b72"}"/>`).join("")}
  <path d="M690 236h270v40H690Z" fill="${night ? "#16221a" : "#5f7a58"}"/>
  <path d="M0 262h960v278H0Z" fill="${night ? "#1b211c" : "#8a9a78"}"/>
  <path d="M430 254h124l330 286H70Z" fill="url(#road)"/>
  <path d="M490 258h6l8 40h-10ZM485 330h14l8 70h-24ZM478 440h26l10 100h-40Z" fill="#e8e6dc" opacity=".55"/>
  <ellipse cx="${x}" cy="${y + 4 * scale}" rx="${168 * scale}" ry="${22 * scale}" fill="#000" opacity=".5" filter="url(#soft)"/>
  <g transform="translate(${x} ${y}) scale(${scale})">
    <path d="M-146-2v-30h40V-2ZM106-2v-30h40V-2Z" fill="#15181a"/>
    <path d="M-158-22v-62c0-18 12-26 30-30l26-66c6-14 14-20 30-21h144c16 1 24 7 30 21l26 66c18 4 30 12 30 30v62Z" fill="${colour}"/>
    <path d="M-158-22v-62c0-18 12-26 30-30l26-66c6-14 14-20 30-21h144c16 1 24 7 30 21l26 66c18 4 30 12 30 30v62Z" fill="url(#body)"/>
    <path d="M-114-118l20-54c4-10 10-14 20-14H74c10 0 16 4 20 14l20 54Z" fill="url(#glass)"/>
    <path d="M-150-88q34-10 56-4l-8 20h-44ZM150-88q-34-10-56-4l8 20h44Z" fill="${night ? "#fffbe0" : "#e9eef0"}"/>
    <path d="M-78-92H78l-8 22H-70Z" fill="#14181a"/><path d="M-72-86H72M-71-79H71" stroke="#5a6468" stroke-width="2"/>
    <path d="M-150-58h300v30h-300Z" fill="#000" opacity=".22"/>
    <path d="M-172-124h22v16h-22ZM150-124h22v16h-22Z" fill="${colour}"/>
  </g>
  ${plateSvg(plate, x, plateY, plateWidth)}
  <path d="M812 540V356a8 8 0 0 1 8-8h42a8 8 0 0 1 8 8v184Z" fill="#d8dad4"/><path d="M812 380h58" stroke="#9aa09a" stroke-width="3"/>
  <path d="M842 372 760 30" stroke="#f2f2ee" stroke-width="15"/><path d="M842 372 760 30" stroke="#cf3e2c" stroke-width="15" stroke-dasharray="40 40"/>
  <circle cx="842" cy="372" r="16" fill="#33393a"/>
  ${night ? '<rect width="960" height="540" fill="#0a1420" opacity=".28"/>' : ""}
  <rect width="960" height="540" filter="url(#grain)"/>
  ${boxText === undefined ? "" : box(x, plateY, plateWidth, boxText, boxColour)}
</svg>`;
}

/** A white plate with its text, centred at x, y. */
function plateSvg(plate: string, x: number, y: number, width: number): string {
  const height = width * 0.25;
  const size = height * 0.8;
  return `<g><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="${height * 0.12}" fill="#f6f5ee" stroke="#191c1d" stroke-width="${height * 0.06}"/>
  <text x="${x}" y="${y + size * 0.36}" font-family="OSP-DIN, 'DejaVu Sans', sans-serif" font-weight="bold" font-size="${size}" text-anchor="middle" textLength="${width * 0.86}" lengthAdjust="spacingAndGlyphs" fill="#15181a">${plate}</text></g>`;
}

function box(x: number, y: number, width: number, text: string, colour: string): string {
  const [w, h] = [width * 1.1, width * 0.33];
  const labelWidth = text.length * 10.2 + 16;
  return `<rect x="${x - w / 2}" y="${y - h / 2}" width="${w}" height="${h}" fill="none" stroke="${colour}" stroke-width="3"/>
  <rect x="${x - w / 2 - 1.5}" y="${y - h / 2 - 27}" width="${labelWidth}" height="26" fill="${colour}"/>
  <text x="${x - w / 2 + 7}" y="${y - h / 2 - 8}" font-family="'DejaVu Sans Mono', monospace" font-weight="bold" font-size="17" fill="#0b120e">${text}</text>`;
}
