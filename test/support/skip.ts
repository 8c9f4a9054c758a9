/** Says loudly that something was not tested, so that nobody takes silence for a pass; test/run.ts counts the line. */
export function skipLoudly(what: string, why: string): void {
  console.log(`\nSKIPPED ${what}: ${why}`);
}
