import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createFragmentReader,
  inside,
  Mp4Error,
  type Mp4Part,
  moveFragment,
} from "../../src/camera/fragments.js";
import { forSeeds } from "../support/random.js";
import { segmentBytes } from "../support/segments.js";

function read(bytes: Buffer, cuts: readonly number[] = []): Mp4Part[] {
  const reader = createFragmentReader();
  const parts: Mp4Part[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    parts.push(...reader.push(bytes.subarray(from, cut)));
    from = cut;
  }
  return parts;
}

test("a stream is one header and its fragments, with their times and key frames", () => {
  const [header, ...fragments] = read(segmentBytes({ fps: 10, seconds: 3, perFragment: 10 }));
  assert.is(header?.kind, "header");
  assert.equal(
    fragments.map((f) => f.kind === "fragment" && [Math.round(f.startMs), Math.round(f.durationMs), f.key]),
    [
      [0, 1000, true],
      [1000, 1000, true],
      [2000, 1000, true],
    ],
  );
});

test("header and fragments together are the stream again", () => {
  const bytes = segmentBytes();
  assert.ok(Buffer.concat(read(bytes).map((p) => p.data)).equals(bytes));
});

test("it does not matter in which pieces the bytes come", () => {
  const bytes = segmentBytes({ seconds: 5, perFragment: 7 });
  const whole = read(bytes);
  forSeeds(200, (random) => {
    const cuts = Array.from({ length: random.whole(0, 40) }, () => random.whole(0, bytes.length)).sort(
      (a, b) => a - b,
    );
    assert.equal(read(bytes, cuts), whole);
  });
});

test("a piece of a fragment is not yet a fragment", () => {
  const bytes = segmentBytes({ seconds: 1 });
  const reader = createFragmentReader();
  assert.equal(
    reader.push(bytes.subarray(0, bytes.length - 1)).map((p) => p.kind),
    ["header"],
  );
  assert.equal(
    reader.push(bytes.subarray(bytes.length - 1)).map((p) => p.kind),
    ["fragment"],
  );
});

test("a moved fragment begins where it was put and is the same otherwise", () => {
  const [header, , second] = read(segmentBytes());
  assert.ok(header?.kind === "header" && second?.kind === "fragment");
  const moved = Buffer.from(second.data);
  moveFragment(moved, 250, header.timescale);
  const parts = read(Buffer.concat([header.data, moved]));
  assert.ok(parts[1]?.kind === "fragment" && Math.abs(parts[1].startMs - 250) < 1);
  moveFragment(moved, second.startMs, header.timescale);
  assert.ok(moved.equals(second.data));
});

test("rubbish is refused instead of being waited for", () => {
  assert.throws(
    () => read(Buffer.from("this is no film at all, not even a little")),
    (e: unknown) => e instanceof Mp4Error,
  );
  assert.throws(
    () => read(Buffer.alloc(64)),
    (e: unknown) => e instanceof Mp4Error,
  );
});

test("bytes that were tampered with are refused or read, and never crash the reader", () => {
  const bytes = segmentBytes({ seconds: 2 });
  forSeeds(200, (random) => {
    const broken = Buffer.from(bytes);
    for (let n = random.whole(1, 6); n > 0; n--)
      broken[random.whole(0, broken.length - 1)] = random.whole(0, 255);
    try {
      read(broken);
    } catch (error) {
      assert.ok(error instanceof Mp4Error || error instanceof RangeError, String(error));
    }
  });
});

test("a box is found by its path, or not at all", () => {
  const [header] = read(segmentBytes());
  const moov = header!.data.subarray(header!.data.readUInt32BE(0));
  assert.is(inside(moov, "trak", "mdia", "mdhd")?.toString("latin1", 4, 8), "mdhd");
  assert.is(inside(moov, "trak", "nope"), null);
});

test.run();
