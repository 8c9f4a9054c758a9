/** The same repository seen from inside the store thread: no promises, the caller commits. */
export type Sync<T> = {
  [M in keyof T]: T[M] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never;
};

export type SyncAll<T> = { [R in keyof T]: Sync<T[R]> };
