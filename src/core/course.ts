import { type Box, centre } from "./geometry.js";
import type { Direction } from "./sighting.js";

/** Which way a plate goes, and how near it was when it last turned back. */
export interface Course {
  direction: Direction;
  /** Nearness, a logarithm of size: least and greatest since the last turn. */
  least: number;
  greatest: number;
  /** Height of the first box, in which the way down the picture is measured. */
  unitPx: number;
}

/** A plate must grow or shrink by this much (as a logarithm) before it counts as coming or going. */
const FIRST = 0.12;
/** And by this much the other way before it counts as turned back. */
const TURN = 0.2;
/** Weight of the way down the picture: cameras look down on who approaches. */
const DOWN = 0.03;

export function beginCourse(box: Box): Course {
  const nearness = nearnessOf(box, box[3]);
  return { direction: "unknown", least: nearness, greatest: nearness, unitPx: box[3] };
}

/** The course after the next box. A standing plate keeps the direction that it came with. */
export function stepCourse(course: Course, box: Box): Course {
  const now = nearnessOf(box, course.unitPx);
  const least = Math.min(course.least, now);
  const greatest = Math.max(course.greatest, now);
  const came = now - least > (course.direction === "unknown" ? FIRST : TURN);
  const went = greatest - now > (course.direction === "unknown" ? FIRST : TURN);
  if (came && course.direction !== "approaching")
    return { ...course, direction: "approaching", least: now, greatest: now };
  if (went && course.direction !== "leaving")
    return { ...course, direction: "leaving", least: now, greatest: now };
  // Only the way back from the farthest point counts, so what lies behind it is forgotten.
  if (course.direction === "approaching") return { ...course, least: now, greatest };
  if (course.direction === "leaving") return { ...course, least, greatest: now };
  return { ...course, least, greatest };
}

function nearnessOf(box: Box, unitPx: number): number {
  return Math.log(Math.max(1, box[2] * box[3])) / 2 + (DOWN * centre(box)[1]) / Math.max(1, unitPx);
}
