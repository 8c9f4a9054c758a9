import type { Machine, PinEdge } from "./machine.js";

/** Lines of test/rig/board.json. */
export const FIRE = 0;
export const EXIT = 1;
export const BEAM = 2;
export const CLOSE = 4;
export const LIFT = 5;
export const HOLD = 6;
export const GREEN = 7;
export const PULSE_MS = 500;
/** Emulation is slow and the machine may be busy: this much lateness proves nothing. */
export const SLACK_MS = 1500;

/** What every scenario is told with: marks, edges since the mark, words of the guest, and the gate process on and off. */
export function createStage(driver: string, machine: Machine) {
  let marked = 0;
  let heard = 0;
  const mark = () => {
    marked = machine.edges.length;
    heard = machine.said.length;
  };
  const since = (line?: number): PinEdge[] =>
    machine.edges.slice(marked).filter((e) => line === undefined || e.line === line);
  const shape = (line?: number) =>
    since(line)
      .map((e) => `${line === undefined ? `${e.line}:` : ""}${e.high ? 1 : 0}`)
      .join(" ");
  const says = (text: string) =>
    machine.until(text, () => machine.said.slice(heard).some((s) => s.startsWith(`@${text}`)));
  const edge = (line: number, high: boolean) =>
    machine.until(`line ${line} ${high ? "high" : "low"}`, () => since(line).some((e) => e.high === high));
  const must = (truth: boolean, what: string) => {
    if (!truth) throw new Error(`${what}; edges: ${shape()}; said: ${machine.said.slice(heard).join(" | ")}`);
  };
  const start = async (pulseMs = PULSE_MS) => {
    mark();
    machine.tell(`start ${driver} ${pulseMs}`);
    await says("gate ready");
  };
  const end = async () => {
    mark();
    machine.tell("kill SIGTERM");
    await says("exit");
  };
  const width = () => {
    const [up, down] = since(LIFT);
    return (down?.atMs ?? Number.NaN) - (up?.atMs ?? Number.NaN);
  };
  const words = () => machine.said.slice(heard);
  const title = (sentence: string) => `${driver}: ${sentence}`;
  return { mark, since, shape, says, edge, must, start, end, width, words, title };
}
