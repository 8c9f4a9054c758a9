import type { BarrierEffect, BarrierSettings, BarrierState } from "./barrier-types.js";

/** What the level outputs show in a state: red unless it is safe to drive, never both colours. */
export function levelsOf(state: BarrierState): Record<"hold" | "red" | "green" | "warn", boolean> {
  const isOpen = state.place === "open" || state.place === "held";
  const green = state.live && state.decided && isOpen && state.warning === null && !state.overdue;
  return {
    hold: state.live && state.heldBy !== null && state.place !== "stopped",
    red: state.live && !green,
    green,
    warn: state.live && (state.warning !== null || (state.place === "closing" && state.commanded)),
  };
}

/** The level effects between two states, dark ones first, so that red and green never overlap. */
export function levelChanges(
  before: BarrierState,
  after: BarrierState,
  settings: BarrierSettings,
): readonly BarrierEffect[] {
  const from = levelsOf(before);
  const to = levelsOf(after);
  const changed = (["red", "green", "warn", "hold"] as const).filter(
    (line) => from[line] !== to[line] && settings.outputs.includes(line),
  );
  return changed
    .sort((a, b) => Number(to[a]) - Number(to[b]))
    .map((line) => ({ type: "level", line, on: to[line] }));
}
