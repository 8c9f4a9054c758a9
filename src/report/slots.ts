/** Starts tasks in order, at most `most` at a time; every task frees its slot once. */
export function createSlots(most: number): { run(task: (free: () => void) => void): void } {
  const queue: ((free: () => void) => void)[] = [];
  let busy = 0;
  return {
    run(task) {
      queue.push(task);
      next();
    },
  };

  function next(): void {
    while (busy < most) {
      const task = queue.shift();
      if (task === undefined) return;
      busy++;
      let freed = false;
      task(() => {
        if (freed) return;
        freed = true;
        busy--;
        next();
      });
    }
  }
}
