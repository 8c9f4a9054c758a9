import { readFile } from "node:fs/promises";
import type { Clock } from "./clock.js";
import type { Condition } from "./health.js";

const SENSOR = "/sys/class/thermal/thermal_zone0/temp";
const LOOK_EVERY_MS = 15_000;
/** A Raspberry Pi slows down from 80 °C on, a Jetson a little later. */
const HOT_C = 80;

/** The processor's temperature, looked up every 15 s; `celsius` is null on machines that do not tell. */
export function watchTemperature(clock: Clock, read: () => Promise<string> = () => readFile(SENSOR, "utf8")) {
  let celsius: number | null = null;
  let isClosed = false;
  let cancel = () => {};

  return {
    start: look,
    celsius: () => celsius,
    read(): Condition {
      if (celsius === null) return { state: "good", sentence: "This machine does not tell its temperature." };
      const sentence = `${celsius.toFixed(0)} °C.`;
      if (celsius < HOT_C) return { state: "good", sentence };
      return { state: "warning", sentence: `${sentence} It slows itself down; give it air or shade.` };
    },
    close() {
      isClosed = true;
      cancel();
    },
  };

  async function look(): Promise<void> {
    try {
      const milli = Number(await read());
      celsius = Number.isFinite(milli) ? milli / 1000 : null;
    } catch {
      celsius = null;
    }
    if (!isClosed) cancel = clock.after(LOOK_EVERY_MS, look);
  }
}
