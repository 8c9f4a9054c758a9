/** What a broker was asked and has not answered yet, oldest first. */
export interface Unanswered<E> {
  /** `fail` is called with the error of `failAll`. */
  add(fail: (error: E) => void): void;
  /** False: it was not waiting any more. */
  answered(fail: (error: E) => void): boolean;
  failAll(error: E): void;
}

/**
 * Calls `overdue` when the oldest has been the oldest for `limitMs`. So a slow line may take its time as long as answers
 * come, while one answer that got lost is noticed although pings and later ones are answered: brokers answer in order.
 */
export function createUnanswered<E>(limitMs: number, overdue: () => void): Unanswered<E> {
  const waiting = new Set<(error: E) => void>();
  let timer: NodeJS.Timeout | undefined;

  return {
    add(fail) {
      waiting.add(fail);
      if (waiting.size === 1) watch();
    },
    answered(fail) {
      const [oldest] = waiting;
      if (!waiting.delete(fail)) return false;
      if (fail === oldest) watch();
      return true;
    },
    failAll(error) {
      const all = [...waiting];
      waiting.clear();
      watch();
      for (const fail of all) fail(error);
    },
  };

  function watch(): void {
    clearTimeout(timer);
    if (waiting.size > 0) timer = setTimeout(overdue, limitMs);
  }
}
