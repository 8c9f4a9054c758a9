import type { Machine } from "./machine.js";
import type { Referee } from "./referee.js";
import { CLOSE, createStage, GREEN, HOLD, LIFT, PULSE_MS, SLACK_MS } from "./stage.js";

/** A gate process that ends, in every way there is, and what its lines do then. */
export async function ends(driver: string, machine: Machine, { scenario }: Referee): Promise<void> {
  const { mark, since, shape, says, edge, must, start, end, width, words, title } = createStage(
    driver,
    machine,
  );
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
    must(!words().some((s) => s === "@gate back"), "while the process still hung");
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
    must(!words().some((s) => s === "@gate back"), "while the process still hung");
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
      () => words().filter((s) => s === "@gate state unknown").length > 0,
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
    await machine.until("oom", () => words().some((s) => /^@oom [1-9]/.test(s)));
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
    const refused = words().find((s) => s.startsWith("@gate refused")) ?? "";
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
