export interface LaneFigures {
  sightings: number;
  passes: number;
  granted: number;
  denied: number;
  ask: number;
  /** Sightings of cameras that are not configured, or without a plate. */
  dropped: number;
  /** From the newest frame to the relay, and from the arrival of the sighting to the relay, of the last grant in ms. */
  lastFrameToRelayMs: number | null;
  lastSightingToRelayMs: number | null;
}

/** Before anything has come. */
export const noLaneFigures: LaneFigures = {
  sightings: 0,
  passes: 0,
  granted: 0,
  denied: 0,
  ask: 0,
  dropped: 0,
  lastFrameToRelayMs: null,
  lastSightingToRelayMs: null,
};
