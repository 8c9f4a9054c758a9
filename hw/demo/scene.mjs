// The picture behind the demo clip: a gate at the end of a drive, seen by a camera 1.5 m above the road.
export const WIDTH = 1280;
export const HEIGHT = 720;
const FOCAL = 1000;
const HORIZON = 285;
const CAMERA_M = 1.5;

/** Where a point of the world (metres: right, up, away) is in the picture. */
export function project(x, y, z) {
  return [WIDTH / 2 + (x / z) * FOCAL, HORIZON + ((CAMERA_M - y) / z) * FOCAL];
}

/** Pixels of one metre at a distance. */
export const pixelsPerMetre = (z) => FOCAL / z;

const points = (...list) => list.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

export function background(random) {
  const trees = [];
  for (let i = 0; i < 150; i++) {
    const x = random() * 1400 - 60;
    const far = random();
    const y = HORIZON - 14 - random() * (70 + 75 * Math.abs(Math.sin(x / 170)));
    const r = 18 + random() * 32;
    const g = 62 + Math.round(random() * 42 + far * 18);
    trees.push(`<ellipse cx="${x.toFixed(0)}" cy="${y.toFixed(0)}" rx="${r.toFixed(0)}" ry="${(r * 0.8).toFixed(0)}" fill="rgb(${g - 22},${g},${g - 34})" opacity="0.9"/>`);
  }
  const road = points(project(-3.1, 0, 60), project(3.1, 0, 60), project(3.1, 0, 1.6), project(-3.1, 0, 1.6));
  const kerb = (side) =>
    points(project(side * 3.1, 0, 60), project(side * 3.35, 0.12, 60), project(side * 3.35, 0.12, 1.6), project(side * 3.1, 0, 1.6));
  const fence = [];
  for (const side of [-1, 1]) {
    for (let z = 7; z < 40; z += 2.2) {
      const [x0, y0] = project(side * 4.6, 0, z);
      const [, y1] = project(side * 4.6, 1.5, z);
      fence.push(`<line x1="${x0}" y1="${y0}" x2="${x0}" y2="${y1}" stroke="#3d4442" stroke-width="${(70 / z).toFixed(1)}"/>`);
    }
    for (const y of [0.35, 0.9, 1.45]) {
      fence.push(`<polyline points="${points(project(side * 4.6, y, 7), project(side * 4.6, y, 40))}" fill="none" stroke="#4a5250" stroke-width="2.2"/>`);
    }
  }
  const [hx, hy] = project(-17, 0, 36);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#9fb4c8"/><stop offset="1" stop-color="#dfe4e4"/></linearGradient>
    <linearGradient id="ground" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#77806a"/><stop offset="1" stop-color="#4c5c37"/></linearGradient>
    <linearGradient id="road" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#8d8f8f"/><stop offset="0.35" stop-color="#74767a"/><stop offset="1" stop-color="#585a5e"/></linearGradient>
    <filter id="soft"><feGaussianBlur stdDeviation="5"/></filter>
    <filter id="grain" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency="0.75 0.45" numOctaves="3" seed="7"/><feColorMatrix values="0 0 0 0 0.5  0 0 0 0 0.5  0 0 0 0 0.5  0.9 0 0 0 -0.28"/><feComposite in2="SourceGraphic" operator="in"/><feBlend in2="SourceGraphic" mode="multiply"/></filter>
    <filter id="grass" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency="0.09 0.35" numOctaves="4" seed="3"/><feColorMatrix values="0 0 0 0 0.15  0 0 0 0 0.2  0 0 0 0 0.1  1.2 0 0 0 -0.4"/><feComposite in2="SourceGraphic" operator="in"/><feBlend in2="SourceGraphic" mode="multiply"/></filter>
  </defs>
  <rect width="${WIDTH}" height="${HORIZON + 8}" fill="url(#sky)"/>
  <g filter="url(#soft)"><rect x="-30" y="${HORIZON - 46}" width="${WIDTH + 60}" height="52" fill="#55664c"/>${trees.join("")}</g>
  <rect y="${HORIZON}" width="${WIDTH}" height="${HEIGHT - HORIZON}" fill="url(#ground)" filter="url(#grass)"/>
  <g><rect x="${hx - 90}" y="${hy - 118}" width="200" height="118" fill="#b7a692"/><polygon points="${hx - 104},${hy - 116} ${hx + 124},${hy - 116} ${hx + 84},${hy - 168} ${hx - 62},${hy - 168}" fill="#6d4a41"/>
    ${[0, 1, 2].map((i) => `<rect x="${hx - 70 + i * 62}" y="${hy - 88}" width="30" height="36" fill="#4b5a66" stroke="#ece5da" stroke-width="3"/>`).join("")}</g>
  <polygon points="${road}" fill="url(#road)" filter="url(#grain)"/>
  <polygon points="${kerb(-1)}" fill="#b4b2aa"/><polygon points="${kerb(1)}" fill="#a9a79f"/>
  ${fence.join("")}
  </svg>`;
}

/** Barrier: post and arm at 3.4 m; `raised` 0 (across the road) to 1 (upright). */
export function barrier(raised, green) {
  const z = 3.4;
  const [px, py] = project(1.95, 0, z);
  const scale = pixelsPerMetre(z);
  const [hx, hy] = project(1.95, 0.98, z);
  const stripes = [];
  for (let i = 0; i < 12; i++) {
    stripes.push(`<rect x="${(-scale * 0.33 * (i + 1)).toFixed(1)}" y="-13" width="${(scale * 0.335).toFixed(1)}" height="26" fill="${i % 2 ? "url(#white)" : "url(#red)"}"/>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
  <defs>
    <linearGradient id="red" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#e0473b"/><stop offset="0.5" stop-color="#c5281f"/><stop offset="1" stop-color="#7d1712"/></linearGradient>
    <linearGradient id="white" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#ffffff"/><stop offset="0.5" stop-color="#e9e9e6"/><stop offset="1" stop-color="#9b9b98"/></linearGradient>
    <linearGradient id="post" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#f0a21c"/><stop offset="0.6" stop-color="#d98912"/><stop offset="1" stop-color="#8d560a"/></linearGradient>
    <radialGradient id="glow"><stop offset="0" stop-color="${green ? "#b9ffc9" : "#ffc2b8"}"/><stop offset="0.35" stop-color="${green ? "#20d45a" : "#ee2b1c"}"/><stop offset="1" stop-color="${green ? "#0f7a31" : "#8a1209"}"/></radialGradient>
    <filter id="shade"><feGaussianBlur stdDeviation="6"/></filter>
  </defs>
  <ellipse cx="${px}" cy="${py}" rx="80" ry="14" fill="#000" opacity="0.4" filter="url(#shade)"/>
  <rect x="${px - 46}" y="${hy - 42}" width="96" height="${py - hy + 46}" rx="8" fill="url(#post)"/>
  <rect x="${px - 34}" y="${hy + 40}" width="72" height="92" rx="4" fill="#000" opacity="0.13"/>
  <rect x="${px + 6}" y="${hy - 118}" width="8" height="80" fill="#3a3f44"/><rect x="${px + 14}" y="${hy - 150}" width="52" height="74" rx="9" fill="#22262a"/><circle cx="${px + 40}" cy="${hy - 113}" r="20" fill="url(#glow)"/>
  <g transform="translate(${hx.toFixed(1)} ${hy.toFixed(1)}) rotate(${(raised * 86).toFixed(2)})">${stripes.join("")}<circle r="21" fill="#3a3f44"/><circle r="9" fill="#7d858c"/></g>
  </svg>`;
}
