// A car from the front, 600 pixels to the metre, its wheels standing on the lower edge.
export const CAR_SCALE = 600;
export const CAR_WIDTH = 1320;
export const CAR_HEIGHT = 960;

/** `paint`: three colours from light to dark. The plate is 52 cm by 11 cm, the usual size in Europe. */
export function car({ plate, paint: [light, mid, dark], band }) {
  const cx = CAR_WIDTH / 2;
  const plateW = 0.52 * CAR_SCALE;
  const plateH = 0.114 * CAR_SCALE;
  const plateX = cx - plateW / 2;
  const plateY = 690;
  const bandW = band ? 36 : 0;
  const lamp = (side) => {
    const x = (v) => cx + side * v;
    return `<path d="M ${x(300)} 545 Q ${x(420)} 500 ${x(530)} 512 Q ${x(548)} 560 ${x(520)} 610 Q ${x(420)} 626 ${x(318)} 600 Z" fill="url(#lens)" stroke="#20242a" stroke-width="6"/>
    <circle cx="${x(455)}" cy="562" r="36" fill="url(#bulb)"/><circle cx="${x(372)}" cy="566" r="24" fill="url(#bulb)" opacity="0.8"/>
    <path d="M ${x(318)} 606 Q ${x(420)} 632 ${x(520)} 616" stroke="#f4f8ff" stroke-width="7" fill="none" opacity="0.75"/>
    <ellipse cx="${x(455)}" cy="770" rx="52" ry="26" fill="#1a1d20"/><ellipse cx="${x(455)}" cy="770" rx="30" ry="15" fill="#596068"/>
    <path d="M ${x(560)} 380 Q ${x(650)} 366 ${x(652)} 412 Q ${x(650)} 452 ${x(578)} 446 Z" fill="url(#paint)" stroke="${dark}" stroke-width="4"/>
    <path d="M ${x(520)} 800 L ${x(592)} 780 L ${x(592)} 920 Q ${x(585)} 948 ${x(540)} 948 L ${x(470)} 948 Q ${x(452)} 940 ${x(452)} 880 Z" fill="#141517"/>`;
  };
  const slats = Array.from({ length: 6 }, (_, i) => `<rect x="${cx - 268 + i * 5}" y="${566 + i * 17}" width="${536 - i * 10}" height="6" rx="3" fill="#596069"/>`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${CAR_WIDTH}" height="${CAR_HEIGHT}">
  <defs>
    <linearGradient id="paint" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${light}"/><stop offset="0.45" stop-color="${mid}"/><stop offset="1" stop-color="${dark}"/></linearGradient>
    <linearGradient id="hood" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${mid}"/><stop offset="0.55" stop-color="${light}"/><stop offset="1" stop-color="${mid}"/></linearGradient>
    <linearGradient id="glass" x1="0" y1="0" x2="0.35" y2="1"><stop offset="0" stop-color="#a9bccb"/><stop offset="0.35" stop-color="#55646f"/><stop offset="1" stop-color="#1b2126"/></linearGradient>
    <linearGradient id="lens" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#e8eef2"/><stop offset="1" stop-color="#78828b"/></linearGradient>
    <radialGradient id="bulb"><stop offset="0" stop-color="#ffffff"/><stop offset="0.4" stop-color="#eef4fb"/><stop offset="1" stop-color="#5e6972"/></radialGradient>
    <linearGradient id="plate" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#fbfbf6"/><stop offset="1" stop-color="#dcdcd5"/></linearGradient>
    <filter id="shadow" x="-20%" y="-200%" width="140%" height="500%"><feGaussianBlur stdDeviation="16"/></filter>
    <filter id="soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="9"/></filter>
  </defs>
  <ellipse cx="${cx}" cy="934" rx="590" ry="20" fill="#000" opacity="0.75" filter="url(#shadow)"/>
  <path d="M ${cx - 300} 96 Q ${cx} 62 ${cx + 300} 96 Q ${cx + 400} 150 ${cx + 512} 396 L ${cx - 512} 396 Q ${cx - 400} 150 ${cx - 300} 96 Z" fill="url(#paint)"/>
  <path d="M ${cx - 292} 132 Q ${cx} 104 ${cx + 292} 132 Q ${cx + 380} 220 ${cx + 462} 388 Q ${cx} 410 ${cx - 462} 388 Q ${cx - 380} 220 ${cx - 292} 132 Z" fill="url(#glass)"/>
  <path d="M ${cx - 250} 140 L ${cx - 90} 128 L ${cx - 260} 392 L ${cx - 430} 384 Z" fill="#fff" opacity="0.13" filter="url(#soft)"/>
  <path d="M ${cx - 290} 386 q 60 -70 130 -74 q 66 4 120 72 Z M ${cx + 60} 386 q 50 -64 116 -68 q 66 6 120 68 Z" fill="#0c0f11" opacity="0.75"/>
  <path d="M ${cx - 514} 392 Q ${cx} 418 ${cx + 514} 392 Q ${cx + 570} 440 ${cx + 576} 560 L ${cx - 576} 560 Q ${cx - 570} 440 ${cx - 514} 392 Z" fill="url(#hood)"/>
  <path d="M ${cx - 330} 412 Q ${cx - 300} 500 ${cx - 286} 552 M ${cx + 330} 412 Q ${cx + 300} 500 ${cx + 286} 552" stroke="${dark}" stroke-width="5" fill="none" opacity="0.55"/>
  <path d="M ${cx - 210} 424 Q ${cx} 436 ${cx + 210} 424 L ${cx + 250} 500 Q ${cx} 520 ${cx - 250} 500 Z" fill="#fff" opacity="0.16" filter="url(#soft)"/>
  <path d="M ${cx - 580} 540 L ${cx + 580} 540 Q ${cx + 600} 640 ${cx + 592} 800 Q ${cx + 575} 862 ${cx + 480} 872 L ${cx - 480} 872 Q ${cx - 575} 862 ${cx - 592} 800 Q ${cx - 600} 640 ${cx - 580} 540 Z" fill="url(#paint)"/>
  <path d="M ${cx - 282} 556 L ${cx + 282} 556 L ${cx + 236} 668 L ${cx - 236} 668 Z" fill="#121416"/>${slats}
  <circle cx="${cx}" cy="606" r="32" fill="#c7ced4" stroke="#3a4046" stroke-width="6"/>
  <path d="M ${cx - 420} 818 L ${cx + 420} 818 L ${cx + 380} 868 L ${cx - 380} 868 Z" fill="#17191b"/>
  ${lamp(-1)}${lamp(1)}
  <rect x="${plateX - 9}" y="${plateY - 8}" width="${plateW + 18}" height="${plateH + 18}" rx="8" fill="#15171a"/>
  <rect x="${plateX}" y="${plateY}" width="${plateW}" height="${plateH}" rx="7" fill="url(#plate)" stroke="#1c1c1c" stroke-width="3"/>
  ${band ? `<rect x="${plateX + 2}" y="${plateY + 2}" width="${bandW}" height="${plateH - 4}" rx="5" fill="#1d4da0"/>` : ""}
  <g transform="translate(${plateX + bandW + (plateW - bandW) / 2} ${plateY + plateH * 0.845}) scale(0.74 1)"><text text-anchor="middle" font-family="DejaVu Sans Condensed, DejaVu Sans" font-stretch="condensed" font-weight="bold" font-size="${plateH * 0.95}" fill="#17181c">${plate}</text></g>
  </svg>`;
}
