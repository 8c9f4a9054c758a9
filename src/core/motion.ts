/** A tiny grey picture, one byte a pixel. Always the same size for one camera. */
export type Thumbnail = Uint8Array;

export interface MotionState {
  /** Slowly following background, 0..255 each; empty before the first frame. */
  background: Float32Array;
  /** Usual difference of a pixel from the background in an empty scene, in grey levels. */
  noise: number;
  lastMotionAtMs: number;
  lastLookAtMs: number;
}

export interface MotionOptions {
  /** Go on looking this long after the last motion. */
  holdMs: number;
  /** Look at least this often, whether something moves or not. */
  idleLookMs: number;
  /** The same while somebody is attentive: a plate is being followed. */
  attentiveLookMs: number;
  /** Share of pixels that must differ. */
  areaShare: number;
}

export const motionDefaults: MotionOptions = {
  holdMs: 2000,
  idleLookMs: 2000,
  attentiveLookMs: 400,
  areaShare: 0.004,
};
export const noMotion: MotionState = {
  background: new Float32Array(0),
  noise: 2,
  lastMotionAtMs: Number.NEGATIVE_INFINITY,
  lastLookAtMs: Number.NEGATIVE_INFINITY,
};

/**
 * Decides whether a frame is worth a look, by the difference of its thumbnail from a slowly following background.
 * The threshold follows the noise of the scene, so night and rain neither blind nor exhaust it; a change of the light
 * all over the picture is taken off first. `attentive`: a plate is being followed.
 */
export function stepMotion(
  state: MotionState,
  thumbnail: Thumbnail,
  atMs: number,
  attentive: boolean,
  options: MotionOptions = motionDefaults,
): { state: MotionState; look: boolean; moving: boolean } {
  const fresh = state.background.length !== thumbnail.length;
  const background = fresh ? Float32Array.from(thumbnail) : new Float32Array(state.background);
  const { share, typical } = fresh
    ? { share: 1, typical: state.noise }
    : difference(background, thumbnail, state.noise);
  const moving = share >= options.areaShare;
  // What moves is taken into the background slowly, what stands quickly; a parked car is background within seconds.
  const rate = moving ? 0.06 : 0.2;
  for (let i = 0; i < background.length; i++)
    background[i] = background[i]! + rate * (thumbnail[i]! - background[i]!);
  const noise = fresh ? state.noise : clamp(state.noise + 0.05 * (typical - state.noise), 0.5, 20);
  const lastMotionAtMs = moving ? atMs : state.lastMotionAtMs;
  const waitMs = attentive ? options.attentiveLookMs : options.idleLookMs;
  const look = atMs - lastMotionAtMs <= options.holdMs || atMs - state.lastLookAtMs >= waitMs;
  return {
    state: { background, noise, lastMotionAtMs, lastLookAtMs: look ? atMs : state.lastLookAtMs },
    look,
    moving,
  };
}

/** Share of pixels that differ by more than the noise allows, and the median difference. Thumbnails have ~2,000 pixels. */
function difference(
  background: Float32Array,
  thumbnail: Thumbnail,
  noise: number,
): { share: number; typical: number } {
  const n = thumbnail.length;
  let shift = 0;
  for (let i = 0; i < n; i++) shift += thumbnail[i]! - background[i]!;
  shift /= n;
  const limit = 6 + 4 * noise;
  let over = 0;
  const histogram = new Uint32Array(256);
  for (let i = 0; i < n; i++) {
    const d = Math.min(255, Math.abs(thumbnail[i]! - background[i]! - shift));
    histogram[Math.floor(d)]!++;
    if (d > limit) over++;
  }
  let typical = 0;
  for (let below = histogram[0]!; typical < 255 && below < n / 2; below += histogram[typical]!) typical++;
  return { share: over / n, typical: typical + 0.5 };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
