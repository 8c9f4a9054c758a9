import type { Box, Quad } from "../core/geometry.js";
import type { Sighting } from "../core/sighting.js";
import type { Picture } from "../system/picture.js";
import type { StageTimes, Vision } from "./vision.js";

/** A picture with the monotonic ms at which it was taken; a camera's `Frame` is one. */
export interface TimedPicture extends Picture {
  atMs: number;
}

/** What one frame gave. */
export interface Observation {
  /** False: the motion gate found nothing worth a look. */
  looked: boolean;
  /** Plates in this very frame, with what the vote says of their track so far, for drawing; empty when not looked. */
  plates: readonly {
    box: Box;
    quad: Quad;
    confidence: number;
    text: string;
    probability: number;
  }[];
  /** To be sent to the gate, in this order. */
  sightings: readonly Sighting[];
  stages: StageTimes;
}

export interface ObserverDeps {
  vision: Vision;
  /** Camera name, part of every sighting. */
  camera: string;
  /** Unique for this start of the process, part of every track id. */
  session: string;
  /** Put crop and frame JPEGs into sightings; default true. */
  pictures?: boolean;
}

/** Frames of one camera in, sightings out: motion gate, detector, reader, tracker and vote in one place. */
export interface Observer {
  /** One frame at a time: wait for the answer before the next call. */
  observe(frame: TimedPicture): Promise<Observation>;
  /** The source has ended: ends every open track. */
  finish(): readonly Sighting[];
}
