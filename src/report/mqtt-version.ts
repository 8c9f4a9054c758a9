import type { ConnectionProblem } from "./connection-problem.js";

type Version = "5" | "3.1.1";

/** Hang-ups in a row: a broker that is just starting, behind a proxy, hangs up as well. */
const PATIENCE = 3;

/**
 * Which MQTT version to try next. `auto` begins with 5, and goes to the other one when the broker says no; a broker that
 * hangs up again and again before it has answered gets one try with 3.1.1, which old ones want without saying so.
 */
export function createVersionChoice(wanted: "auto" | Version): {
  now(): Version;
  /** A connection could not be made. */
  failed(problem: ConnectionProblem): void;
  /** A connection is gone. */
  lost(): void;
} {
  let version: Version = wanted === "auto" ? "5" : wanted;
  let hangUps = 0;
  let isGuess = false;
  return {
    now: () => version,
    failed({ wrongVersion, hungUp }) {
      if (wanted !== "auto") return;
      if (isGuess) return startAnew();
      hangUps = hungUp === true ? hangUps + 1 : 0;
      if (wrongVersion === true) version = version === "5" ? "3.1.1" : "5";
      else if (version === "5" && hangUps === PATIENCE) {
        version = "3.1.1";
        isGuess = true;
      }
    },
    lost() {
      hangUps = 0;
      // 5 tells more, such as whether a command was retained.
      if (isGuess) startAnew();
    },
  };

  function startAnew(): void {
    version = "5";
    hangUps = 0;
    isGuess = false;
  }
}
