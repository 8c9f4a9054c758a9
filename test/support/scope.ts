type Closing = () => unknown;

/**
 * Runs a test with `use`, which notes what must be closed afterwards, also when the test fails: last in, first out.
 * A broker that outlives a failed test would hold its process up until the time limit.
 */
export function scoped(
  body: (use: <T extends { close(): unknown }>(part: T) => T) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const closings: Closing[] = [];
    try {
      await body((part) => {
        closings.push(() => part.close());
        return part;
      });
    } finally {
      for (const close of closings.reverse()) await close();
    }
  };
}
