/** A shorter gap between two pictures is no sign of anything. */
const leastGapMs = 1000;
/** Nor is one that is not this many times as long as usual: some cameras send a picture every two seconds. */
const unusual = 3;

/**
 * How old the pictures of one stream may be because they were held up on their way: by a network that stood still, a camera
 * or this very process. What was sent meanwhile lies in buffers that nobody can look into and comes afterwards, the oldest
 * first. So a picture that ends a gap counts as old as the gap, and the stream as catching up at twice its speed from then on.
 */
export function createHoldUp() {
  let heldMs = 0;
  let lastMs: number | null = null;
  let gaps: number[] = [];

  return {
    /** Takes note of a picture that has come at this moment; by how many ms it may be older than that. */
    picture(nowMs: number): number {
      const gapMs = lastMs === null ? 0 : nowMs - lastMs;
      const usualMs = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
      const isHeldUp = gapMs > leastGapMs && gapMs > unusual * usualMs;
      heldMs = isHeldUp ? heldMs + gapMs : Math.max(0, heldMs - gapMs);
      if (lastMs !== null) gaps = [...gaps.slice(-8), gapMs];
      lastMs = nowMs;
      return heldMs;
    },
  };
}
