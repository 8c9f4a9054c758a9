import type { Machine } from "./machine.js";
import type { Referee } from "./referee.js";
import { ends } from "./scenarios-ends.js";
import { whole } from "./scenarios-whole.js";
import { BEAM, CLOSE, createStage, EXIT, FIRE, HOLD, LIFT, PULSE_MS, SLACK_MS } from "./stage.js";

/** Everything that the rig plays, driver by driver. */
export async function scenarios(machine: Machine, referee: Referee): Promise<void> {
  await machine.until("the guest", () => machine.said.some((s) => s.startsWith("@up")));
  console.log(`# ${machine.said.find((s) => s.startsWith("@up"))}`);
  for (const driver of (process.env.RIG_DRIVERS ?? "onoff,chardev").split(",")) {
    await work(driver, machine, referee);
    await ends(driver, machine, referee);
    await whole(driver, machine, referee);
    const heard = machine.said.length;
    machine.tell("unexport");
    await machine.until("unexported", () => machine.said.slice(heard).includes("@unexported"));
  }
  machine.tell("off");
}

/** A gate at work: pulses, contacts, fire. */
async function work(driver: string, machine: Machine, { scenario }: Referee): Promise<void> {
  const { mark, since, shape, says, edge, must, start, end, width, title } = createStage(driver, machine);
  await scenario(title("booting the kernel and starting the gate moves no output"), async () => {
    machine.drive(BEAM, false);
    mark();
    machine.tell(`start ${driver} ${PULSE_MS}`);
    await says(`gate ready ${driver}`);
    await machine.watch(500);
    const all = driver === "onoff" ? machine.edges : since();
    must(all.length === 0, "not one edge");
    return driver === "onoff" ? "0 edges since power-on" : "0 edges";
  });

  for (const asked of [100, 500, 1200]) {
    await scenario(title(`a listed plate gives one pulse of ${asked} ms`), async () => {
      // A pulse may look long from outside because this machine had no time to look: then once more, three times at most.
      for (let left = 2; ; left--) {
        await end();
        await start(asked);
        mark();
        machine.tell("tell see AAA1");
        await edge(LIFT, false);
        await machine.watch(200);
        must(shape(LIFT) === "1 0", "one pulse on the lift line");
        const ms = width();
        must(ms >= asked * 0.9 - 20, `a pulse of ${ms.toFixed(0)} ms`);
        if (ms <= asked + SLACK_MS) return `${ms.toFixed(1)} ms`;
        must(left > 0, `three pulses too long, the last one of ${ms.toFixed(0)} ms`);
      }
    });
  }

  await scenario(title("unlisted and stale plates move nothing"), async () => {
    await end();
    await start();
    mark();
    machine.tell("tell see BBB2");
    machine.tell("tell stale AAA1");
    await machine.watch(2500);
    must(shape(LIFT) === "", "no edge of the lift line");
    return undefined;
  });

  await scenario(title("the exit contact opens without any camera"), async () => {
    mark();
    const from = machine.nowMs();
    machine.drive(EXIT, true);
    await edge(LIFT, true);
    const ms = since(LIFT)[0]!.atMs - from;
    await edge(LIFT, false);
    machine.drive(EXIT, false);
    return `${ms.toFixed(1)} ms after the contact, of which 30 ms are debounce`;
  });

  await scenario(title("a beam broken during our closing opens again at once"), async () => {
    await edge(CLOSE, true);
    mark();
    const from = machine.nowMs();
    machine.drive(BEAM, true);
    await edge(LIFT, true);
    const ms = since(LIFT)[0]!.atMs - from;
    await edge(LIFT, false);
    const at = (line: number, high: boolean) => since(line).find((e) => e.high === high)?.atMs ?? Number.NaN;
    if (since(CLOSE).length > 0) must(at(CLOSE, false) <= at(LIFT, true), "close let go before lift");
    machine.drive(BEAM, false);
    return `${ms.toFixed(1)} ms from the beam to the relay`;
  });

  await scenario(
    title("a pulse of the beam too short to be read is a broken beam all the same"),
    async () => {
      await end();
      await start();
      mark();
      machine.tell("tell see AAA1");
      await edge(CLOSE, true);
      mark();
      machine.drive(BEAM, true);
      machine.drive(BEAM, false);
      await edge(LIFT, true);
      await edge(LIFT, false);
      return undefined;
    },
  );

  await scenario(title("fire opens, holds, and lets go after its time"), async () => {
    await end();
    await start();
    mark();
    machine.drive(FIRE, true);
    await edge(LIFT, true);
    await edge(HOLD, true);
    await machine.watch(1000);
    must(shape(CLOSE) === "", "no close while fire");
    machine.drive(FIRE, false);
    await edge(HOLD, false);
    return undefined;
  });
}
