import { test } from "uvu";
import * as assert from "uvu/assert";
import { StoreError } from "../../src/core/repositories.js";
import { createManual } from "../../src/recording/manual.js";
import { silentLog } from "../../src/system/log.js";
import { recordingStation as station } from "../support/recording-station.js";
import { noon } from "../support/records.js";
import { until } from "../support/until.js";

const HOUR_MS = 3_600_000;

test("a recording by hand whose end cannot be noted goes on, is ended again by itself and becomes a clip", async () => {
  const s = await station();
  let isFull = false;
  const said: string[] = [];
  const clips = {
    ...s.clips,
    async request(...args: Parameters<typeof s.clips.request>) {
      if (!isFull) return s.clips.request(...args);
      throw new StoreError("cannot-write", "The disk is full.");
    },
  };
  const log = { ...silentLog, error: (_: object, sentence: string) => void said.push(sentence) };
  const manual = createManual({ ring: s.ring, clips, repository: s.store.clips, clock: s.clock, log });
  await manual.start("front");
  await s.record();
  isFull = true;
  const refusal = await manual.stop("front").catch((error: Error) => error.message);
  assert.is(refusal, "The disk is full.");
  assert.equal(manual.active(), [{ camera: "front", startedAt: noon }]);
  s.clock.advance(HOUR_MS);
  await until(() => said.length > 0, "the hour is over");
  assert.match(said.join(), "tried again");
  assert.is(manual.active().length, 1);
  isFull = false;
  s.clock.advance(30_000);
  await until(() => manual.active().length === 0, "it is ended");
  await s.record();
  await until(async () => (await s.store.clips.all()).length === 1, "the clip");
  const clip = (await s.store.clips.all())[0]!;
  assert.equal([clip.startedAt, clip.endedAt], [noon, noon + 4000]);
  await s.close();
});

test("two who end a recording by hand at once get the same clip", async () => {
  const s = await station();
  await s.manual.start("front");
  await s.record();
  const both = Promise.all([s.manual.stop("front"), s.manual.stop("front")]);
  await until(() => s.clips.status().open === 1, "the end is noted");
  await s.record();
  const [one, other] = await both;
  assert.is(one?.id, other?.id);
  assert.is((await s.store.clips.all()).length, 1);
  await s.close();
});

test.run();
