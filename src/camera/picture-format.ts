/**
 * The format of the pictures in a fragment: its sequence parameter sets (H.264: NAL type 7, ITU-T H.264 7.4.1; H.265:
 * type 33, ITU-T H.265 7.4.2.2), which the parser in the pipeline repeats before each key frame. Empty where there is
 * none. A camera that changes its resolution changes them, and the header of the file no longer fits.
 */
export function pictureFormat(mdat: Buffer, codec: "h264" | "h265"): string {
  const sets: string[] = [];
  let at = 8;
  // Parameter sets stand before the first slice; behind a dozen units nothing new comes.
  for (let unit = 0; unit < 12 && at + 5 <= mdat.length; unit++) {
    const size = mdat.readUInt32BE(at);
    const first = mdat[at + 4]!;
    const type = codec === "h264" ? first & 31 : (first >> 1) & 63;
    if (size === 0 || at + 4 + size > mdat.length) break;
    if (type === (codec === "h264" ? 7 : 33)) {
      const set = mdat.toString("latin1", at + 4, at + 4 + size);
      if (!sets.includes(set)) sets.push(set);
    }
    at += 4 + size;
  }
  return sets.join();
}
