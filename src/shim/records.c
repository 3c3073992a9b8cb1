#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

static ssize_t ReadSmall(int dir, const char* path, char* out, size_t size) {
  int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = read(fd, out, size - 1);
  int saved = errno;
  close(fd);
  errno = saved;
  if (n >= 0) out[n] = '\0';
  return n;
}

bool ReadBootId(char out[40]) {
  ssize_t n = ReadSmall(AT_FDCWD, "/proc/sys/kernel/random/boot_id", out, 40);
  if (n > 0 && out[n - 1] == '\n') out[n - 1] = '\0';
  return n > 0;
}

uint64_t StartTicks(pid_t pid) {
  char path[48];
  char stat[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (ReadSmall(AT_FDCWD, path, stat, sizeof stat) <= 0) return 0;
  const char* at = strrchr(stat, ')');  // the name may hold anything
  for (int field = 2; at != NULL && field < 22; field++) at = strchr(at + 1, ' ');
  return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

int64_t WallMicros(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t BootMicros(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool WriteNew(const struct Shim* shim, const char* name, int flags, const char* text,
                     bool durable) {
  int fd = openat(shim->state_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (fd < 0) return false;
  size_t size = strlen(text);
  ssize_t n = write(fd, text, size);
  if (n >= 0 && (size_t)n != size) errno = ENOSPC;
  bool done = n == (ssize_t)size && ftruncate(fd, n) == 0 && (!durable || fsync(fd) == 0);
  int saved = errno;
  close(fd);
  errno = saved;
  return done;
}

bool WriteRecord(const struct Shim* shim, const char* name, const char* text, bool durable) {
  char temporary[64];
  snprintf(temporary, sizeof temporary, "%s.tmp", name);
  // Written over, then cut: what a reserved file has of the disk is used again.
  if (!WriteNew(shim, temporary, 0, text, durable)) return false;
  if (renameat(shim->state_fd, temporary, shim->state_fd, name) != 0) return false;
  return !durable || fsync(shim->state_fd) == 0;
}

// Room for the record `name`, held until it is written.
static bool Reserve(const struct Shim* shim, const char* temporary) {
  char blanks[1024];
  memset(blanks, ' ', sizeof blanks - 1);
  blanks[sizeof blanks - 1] = '\0';
  return WriteNew(shim, temporary, 0, blanks, false);
}

bool MarkLaunching(const struct Shim* shim) {
  if (!Reserve(shim, "exit.tmp") || !Reserve(shim, "usage.tmp") || !Reserve(shim, "started.tmp"))
    return false;
  // Not by rename: O_EXCL is what makes the second of two launches fail.
  char text[32];
  snprintf(text, sizeof text, "%lld\n", (long long)WallMicros());
  return WriteNew(shim, "launching", O_EXCL, text, true) && fsync(shim->state_fd) == 0;
}

bool WriteStarted(const struct Shim* shim) {
  char text[128];
  snprintf(text, sizeof text, "%d %llu %s %lld %lld\n", (int)shim->script,
           (unsigned long long)shim->start_ticks, shim->boot_id, (long long)WallMicros(),
           (long long)BootMicros());
  return WriteRecord(shim, "started", text, false);
}

bool WriteExit(const struct Shim* shim) {
  char text[640];
  const struct Outcome* outcome = &shim->outcome;
  long long now = WallMicros();
  if (outcome->kind == kExecFailed)
    snprintf(text, sizeof text, "exec-failed %d %s %lld\n", outcome->number, outcome->path, now);
  else
    snprintf(text, sizeof text, "%s %d %lld\n", outcome->kind == kCode ? "code" : "signal",
             outcome->number, now);
  return WriteRecord(shim, "exit", text, true);
}

bool WriteUsage(const struct Shim* shim) {
  char text[256];
  struct sysinfo machine;
  memset(&machine, 0, sizeof machine);
  sysinfo(&machine);
  snprintf(text, sizeof text,
           "peak_bytes %lld group_oom %ld machine_oom_before %ld machine_oom %ld memory_bytes %lld"
           " boot_us %lld\n",
           (long long)shim->peak_kib * 1024, GroupOomKills(shim), shim->machine_oom_before,
           MachineOomKills(), (long long)machine.totalram * machine.mem_unit,
           (long long)BootMicros());
  return WriteRecord(shim, "usage", text, false);
}

enum Phase RecoverPhase(struct Shim* shim) {
  char text[640];
  if (ReadSmall(shim->state_fd, "exit", text, sizeof text) > 0) {
    struct Outcome* outcome = &shim->outcome;
    char kind[16] = "";
    sscanf(text, "%15s %d %511[^\n]", kind, &outcome->number, outcome->path);
    outcome->kind = strcmp(kind, "code") == 0     ? kCode
                    : strcmp(kind, "signal") == 0 ? kSignal
                                                  : kExecFailed;
    return kExited;
  }
  // Also when state/started is there: that process was no child of ours, so its end cannot be
  // known.
  return faccessat(shim->state_fd, "launching", F_OK, 0) == 0 ? kUnknown : kIdle;
}

void Log(const char* event, long a, long b) {
  char line[256];
  int size =
      snprintf(line, sizeof line, "{\"time_us\":%lld,\"event\":\"%s\",\"a\":%ld,\"b\":%ld}\n",
               (long long)WallMicros(), event, a, b);
  if (write(STDERR_FILENO, line, (size_t)size) < 0) return;  // a full disk stops no run
}
