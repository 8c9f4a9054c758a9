/* Makes every fsync of the process take BENCH_FSYNC_MS longer, as a bad memory card does. For test/bench/gate.ts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void stall(void) {
  const char *ms = getenv("BENCH_FSYNC_MS");
  if (ms) usleep(1000 * atoi(ms));
}
int fsync(int fd) {
  stall();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  stall();
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
