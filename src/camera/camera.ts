/** A picture as the analysis sees it: packed RGB, 3 bytes a pixel, rows without padding. */
export interface Frame {
  width: number;
  height: number;
  rgb: Buffer;
  /**
   * Monotonic ms at which the frame left the camera branch, never later than the truth: what may have waited counts as
   * old. A film that is watched as fast as possible has its own time here: the start plus `mediaMs`.
   */
  atMs: number;
  /** Position in the file or stream in ms, where the source knows it; else time since the first frame. */
  mediaMs: number;
  sequence: number;
}

/** A finished recording segment, as the recorder reports it. Wall times in ms. */
export interface SegmentFile {
  path: string;
  startedAt: number;
  endedAt: number;
  /** Monotonic ms of its first picture, which no setting of the wall clock moves; absent where nobody knows it any more. */
  startedMonotonicMs?: number;
}

export type CameraState = "connecting" | "running" | "retrying" | "ended" | "failed";

export interface CameraStatus {
  state: CameraState;
  /** One sentence: what is wrong and what happens next; empty while running. */
  problem: string;
  frames: number;
  /** Frames that were overtaken by a newer one before anybody looked at them. */
  dropped: number;
  reconnects: number;
  /** One sentence while pictures come, but are not recorded as they should be; absent while all is well. */
  recordingProblem?: string;
}

/** A source of frames. A camera that goes away is a state, not an exception: it is retried and shown. */
export interface Camera {
  /** The newest frame, waiting for one if there is none; null when the source has ended for good or was closed. */
  nextFrame(): Promise<Frame | null>;
  status(): CameraStatus;
  close(): Promise<void>;
}
