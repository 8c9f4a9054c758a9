import type { Machine } from "./machine.js";
import type { Referee } from "./referee.js";
import { CLOSE, createStage, EXIT, GREEN, HOLD, LIFT, PULSE_MS, SLACK_MS } from "./stage.js";

const PLATE = "KX51ABC";

/**
 * The whole appliance as the service runs it: gate with store, page and broker, and the eye beside it with the real models.
 * Every process in it is killed, and no output may be energised for that. A start takes a minute and more on an emulated
 * processor, so the scenarios follow on one another.
 */
export async function whole(driver: string, machine: Machine, { scenario }: Referee): Promise<void> {
  const { mark, since, shape, says, edge, must, end, width, words, title } = createStage(driver, machine);
  const begin = async () => {
    mark();
    machine.tell(`whole ${driver} ${PULSE_MS}`);
    await says("app Plategate watches");
  };
  const command = async (wish: object) => {
    mark();
    machine.tell(`command ${JSON.stringify(wish)}`);
    await says("answer");
    const answer = words().find((s) => s.startsWith("@answer")) ?? "";
    must(answer.startsWith("@answer true"), answer);
  };
  const state = async (expected: string) => {
    machine.tell("state");
    await says(`state ${expected}`);
    return expected;
  };
  /** Opened by somebody who may, and closed again by its own time: one pulse of each. */
  const cycle = async () => {
    await edge(LIFT, false);
    await edge(CLOSE, false);
    must(shape(LIFT) === "1 0" && shape(CLOSE) === "1 0", "one opening and one closing");
  };
  const exit = async () => {
    machine.drive(EXIT, true);
    await edge(LIFT, true);
    machine.drive(EXIT, false);
    await cycle();
  };
  const still = async (what: string, ms = 1500) => {
    await machine.watch(ms);
    must(shape() === "", `no edge ${what}`);
  };
  const quiet = async () => {
    for (let before = -1; before !== machine.edges.length; ) {
      before = machine.edges.length;
      await machine.watch(4000);
    }
    mark();
  };
  const noEye = async () => {
    machine.tell("await-no-eye");
    await says("no eye");
  };

  await scenario(title("the whole appliance starts, and moves no output"), async () => {
    await end();
    machine.tell("fresh");
    await says("fresh");
    await begin();
    await still("at the start");
    return state("unknown normal");
  });

  await scenario(title("the whole appliance: a command over its broker gives one pulse"), async () => {
    await command({ command: "open" });
    await cycle();
    const ms = width();
    must(ms >= PULSE_MS * 0.9 - 20 && ms <= PULSE_MS + SLACK_MS, `a pulse of ${ms.toFixed(0)} ms`);
    return `${ms.toFixed(1)} ms`;
  });

  // The way from the picture to the decision is the same whatever the driver.
  if (driver === "onoff")
    await scenario(
      title("the whole appliance: a photo goes through the models to the relay once its plate is listed"),
      async () => {
        const told = (sentence: string) =>
          machine.said.some((s) => s.startsWith(`@app ${PLATE} ${sentence}`));
        await machine.until("the unlisted plate", () => told("is on no list"));
        await quiet();
        machine.tell(`cli rules add ${PLATE} --owner Rig`);
        await edge(LIFT, true);
        await machine.until("the reason", () => told("is on the allow list (Rig)"));
        await says("cli done 0");
        return undefined;
      },
    );

  await scenario(
    title("the whole appliance: the eye killed moves nothing, and the exit works meanwhile"),
    async () => {
      await command({ command: "mode", mode: "locked" });
      await quiet();
      machine.tell("kill-eye");
      await says("eyes killed 1");
      must(shape() === "", "no edge at the kill");
      await exit();
      await says("eye back");
      await quiet();
      await still("when it came back");
      return undefined;
    },
  );

  await scenario(
    title("the whole appliance: the helper killed moves nothing, and the lines come back"),
    async () => {
      await quiet();
      machine.tell("kill-helper SIGKILL");
      await says("app The lines were lost");
      await says("app The gate has its lines");
      await still("at the kill");
      await exit();
      await quiet();
      return undefined;
    },
  );

  await scenario(title("the whole appliance: SIGTERM ends it in order and moves nothing"), async () => {
    mark();
    machine.tell("kill SIGTERM");
    await says("exit 0");
    await still("at the stop", 500);
    await noEye();
    return undefined;
  });

  await scenario(
    title(
      "the whole appliance: started again it is still locked; SIGKILL while it holds lets go of the hold",
    ),
    async () => {
      await begin();
      await still("at the restart");
      await state("unknown locked");
      await command({ command: "hold" });
      await edge(LIFT, false);
      await edge(HOLD, true);
      await edge(GREEN, true);
      mark();
      machine.tell("kill SIGKILL");
      await edge(HOLD, false);
      await edge(GREEN, false);
      await noEye();
      await machine.watch(1000);
      must(shape(LIFT) === "" && shape(CLOSE) === "", "neither lift nor close moved");
      must(shape(HOLD) === "0" && shape(GREEN) === "0", "hold and green went out once");
      return undefined;
    },
  );

  await scenario(
    title("the whole appliance: killed for memory by the kernel moves nothing, nor did the restart before"),
    async () => {
      await begin();
      await still("at the restart");
      mark();
      machine.tell("cage 4000000");
      await says("caged");
      await says("exit SIGKILL");
      machine.tell("oom");
      await machine.until("oom", () => words().some((s) => /^@oom [1-9]/.test(s)));
      await noEye();
      await still("at the kill");
      return undefined;
    },
  );

  await scenario(
    title("the whole appliance: SIGKILL of the gate with store, page and broker moves nothing"),
    async () => {
      await begin();
      await still("at the restart");
      mark();
      machine.tell("kill SIGKILL");
      await says("exit SIGKILL");
      await noEye();
      await still("at the kill");
      must(since().length === 0, "not one edge of any line");
      return undefined;
    },
  );
}
