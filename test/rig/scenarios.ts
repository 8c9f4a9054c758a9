import type { Machine, PinEdge } from "./machine.js";
import type { Referee } from "./referee.js";

/** Lines of test/rig/board.json. */
const FIRE = 0;
const EXIT = 1;
const BEAM = 2;
const CLOSE = 4;
const LIFT = 5;
const HOLD = 6;
const GREEN = 7;
const PULSE_MS = 500;
/** Emulation is slow and the machine may be busy: this much lateness proves nothing. */
const SLACK_MS = 1500;

export async function scenarios(machine: Machine, referee: Referee): Promise<void> {
  await machine.until("the guest", () => machine.said.some((s) => s.startsWith("@up")));
  console.log(`# ${machine.said.find((s) => s.startsWith("@up"))}`);
  for (const driver of (process.env.RIG_DRIVERS ?? "onoff,chardev").split(",")) {
    await play(driver, machine, referee);
    machine.tell("unexport");
    await machine.until("unexported", () => machine.said.at(-1) === "@unexported");
  }
  machine.tell("off");
}

async function play(driver: string, machine: Machine, { scenario }: Referee): Promise<void> {
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
  const title = (sentence: string) => `${driver}: ${sentence}`;

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
      await end();
      await start(asked);
      mark();
      machine.tell("tell see AAA1");
      await edge(LIFT, false);
      await machine.watch(200);
      must(shape(LIFT) === "1 0", "one pulse on the lift line");
      const ms = width();
      must(ms >= asked * 0.9 - 20 && ms <= asked + SLACK_MS, `a pulse of ${ms.toFixed(0)} ms`);
      return `${ms.toFixed(1)} ms`;
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

  await scenario(title("SIGTERM while idle moves nothing, and neither does the next start"), async () => {
    await end();
    await start();
    await machine.watch(300);
    must(shape() === "", "no edge at the start");
    await end();
    must(shape() === "", "no edge at the stop");
    return undefined;
  });

  await scenario(title("SIGTERM in a pulse ends it, and nothing else moves"), async () => {
    await start(5000);
    mark();
    machine.tell("tell see AAA1");
    await edge(LIFT, true);
    machine.tell("kill SIGTERM");
    await says("exit");
    must(shape(LIFT) === "1 0" && shape(CLOSE) === "", "the pulse ended");
    must(width() < 4500, "before its time");
    return `${width().toFixed(0)} ms`;
  });

  await scenario(title("SIGKILL while idle and the start after it move nothing"), async () => {
    await start();
    mark();
    machine.tell("kill SIGKILL");
    await says("exit SIGKILL");
    await machine.watch(500);
    must(shape() === "", "no edge at the kill");
    await start();
    await machine.watch(500);
    must(shape() === "", "no edge at the start");
    return undefined;
  });

  await scenario(
    title("SIGKILL in a pulse: the helper releases the relay, and the restart moves nothing"),
    async () => {
      await end();
      await start(5000);
      mark();
      machine.tell("tell see AAA1");
      await edge(LIFT, true);
      const from = machine.nowMs();
      machine.tell("kill SIGKILL");
      await edge(LIFT, false);
      const ms = since(LIFT)[1]!.atMs - from;
      must(width() < 4500, "long before its time");
      await start();
      await machine.watch(500);
      must(shape() === "", "no edge at the restart");
      return `released ${ms.toFixed(1)} ms after the kill`;
    },
  );

  await scenario(title("a gate process that hangs in a pulse: the helper caps it"), async () => {
    await end();
    await start(300);
    mark();
    machine.tell("tell see AAA1");
    machine.tell("tell hang 5000");
    await edge(LIFT, false);
    const ms = width();
    must(ms < 300 + 250 + SLACK_MS, `a pulse of ${ms.toFixed(0)} ms`);
    must(!machine.said.slice(heard).some((s) => s === "@gate back"), "while the process still hung");
    await says("gate back");
    return `${ms.toFixed(0)} ms`;
  });

  await scenario(title("a gate process that hangs while holding: the hold is released"), async () => {
    await end();
    await start(300);
    mark();
    machine.tell("tell hold");
    await edge(HOLD, true);
    machine.tell("tell hang 10000");
    await edge(HOLD, false);
    must(!machine.said.slice(heard).some((s) => s === "@gate back"), "while the process still hung");
    await says("gate back");
    machine.tell("tell release");
    return undefined;
  });

  await scenario(title("the helper killed while idle: the lines come back, and nothing moves"), async () => {
    await end();
    await start();
    mark();
    machine.tell("kill-helper SIGKILL");
    await says("gate log The lines were lost");
    await machine.until(
      "the lines again",
      () => machine.said.slice(heard).filter((s) => s === "@gate state unknown").length > 0,
    );
    await machine.watch(2500);
    must(shape() === "", "no edge");
    mark();
    machine.tell("tell see AAA1");
    await edge(LIFT, false);
    must(shape(LIFT) === "1 0", "and the next vehicle is let in");
    return undefined;
  });

  await scenario(title("helper and gate killed in a pulse: the release script ends it"), async () => {
    await end();
    await start(5000);
    mark();
    machine.tell("tell see AAA1");
    await edge(LIFT, true);
    machine.tell("kill-helper SIGSTOP");
    machine.tell("kill SIGKILL");
    await says("exit SIGKILL");
    machine.tell("kill-helper SIGKILL");
    await machine.watch(300);
    const before = shape(LIFT);
    machine.tell("release-lines");
    await says("released 0");
    await edge(LIFT, false);
    must(shape(LIFT) === "1 0", "released once");
    await start();
    await machine.watch(300);
    must(shape() === "", "no edge at the restart");
    return before === "1" ? "the line was still up before the script" : "the line fell with its holder";
  });

  await scenario(title("killed for memory by the kernel: no edge, nor at the restart"), async () => {
    await end();
    await start();
    mark();
    machine.tell("cage 150000000");
    await says("caged");
    machine.tell("tell eat");
    await says("exit SIGKILL");
    machine.tell("oom");
    await machine.until("oom", () => machine.said.slice(heard).some((s) => /^@oom [1-9]/.test(s)));
    await machine.watch(500);
    must(shape() === "", "no edge at the kill");
    await start();
    await machine.watch(500);
    must(shape() === "", "no edge at the restart");
    return undefined;
  });

  await scenario(title("a busy line refuses the start with one sentence, and moves nothing"), async () => {
    await end();
    mark();
    machine.tell("unexport");
    await says("unexported");
    machine.tell(`occupy ${LIFT} 9030000.pl061`);
    await says("other opened");
    machine.tell(`start ${driver} ${PULSE_MS}`);
    await says("exit 1");
    const refused = machine.said.slice(heard).find((s) => s.startsWith("@gate refused")) ?? "";
    must(/rig\.json:\d+: lift .*busy/.test(refused), "the line is named");
    must(shape() === "", "no edge");
    machine.tell("vacate");
    await says("vacated");
    await start();
    return undefined;
  });

  await scenario(
    title("green shines only between open and closing, and all is dark at the end"),
    async () => {
      await end();
      await start();
      mark();
      machine.tell("tell see AAA1");
      await edge(CLOSE, true);
      must(shape(GREEN) === "1 0", "green once");
      const [on, off] = since(GREEN);
      must(on!.atMs > since(LIFT)[0]!.atMs, "after the lift");
      must(off!.atMs < since(CLOSE)[0]!.atMs, "red before closing");
      await edge(CLOSE, false);
      await end();
      must(shape() === "", "nothing more at the stop");
      return undefined;
    },
  );
}
