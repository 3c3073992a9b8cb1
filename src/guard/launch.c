#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"

extern char** environ;

struct Inside {
  const char* cwd;
  const char* out;     // NULL: the guard's own
  char** arguments;    // NULL at the end
  char** environment;  // the image's, changed as the file says; NULL at the end
};

static char* ReadWhole(const char* path, size_t* size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  char* bytes = NULL;
  if (fd >= 0 && fstat(fd, &info) == 0 && (bytes = malloc((size_t)info.st_size + 1)) != NULL) {
    *size = 0;
    ssize_t n;
    while ((n = read(fd, bytes + *size, (size_t)info.st_size - *size)) > 0) *size += (size_t)n;
    bytes[*size] = '\0';
  }
  if (fd >= 0) close(fd);
  return bytes;
}

// The slot of `entry`'s name in the list, or the one behind the last.
static char** SlotOf(char** list, const char* entry) {
  size_t name = strcspn(entry, "=") + 1;
  while (*list != NULL && strncmp(*list, entry, name) != 0) list++;
  return list;
}

static bool PutInFront(char** slot, char* entry) {
  const char* old = *slot == NULL ? "" : strchr(*slot, '=') + 1;
  if (*old == '\0') {
    *slot = entry;
    return true;
  }
  char* joined = malloc(strlen(entry) + strlen(old) + 2);
  if (joined == NULL) return false;
  sprintf(joined, "%s:%s", entry, old);
  *slot = joined;
  return true;
}

// The strings stay in `bytes`.
static bool Parse(char* bytes, size_t size, struct Inside* out) {
  size_t most = 2;
  for (size_t i = 0; i < size; i++) most += bytes[i] == '\0';
  for (char** entry = environ; *entry != NULL; entry++) most++;
  out->arguments = calloc(most, sizeof *out->arguments);
  out->environment = calloc(most, sizeof *out->environment);
  if (out->arguments == NULL || out->environment == NULL) return false;
  size_t variables = 0;
  for (char** entry = environ; *entry != NULL; entry++)
    if (strchr(*entry, '=') != NULL) out->environment[variables++] = *entry;
  size_t arguments = 0;
  for (char* at = bytes; at < bytes + size; at += strlen(at) + 1) {
    if (strncmp(at, "cwd=", 4) == 0) out->cwd = at + 4;
    if (strncmp(at, "out=", 4) == 0) out->out = at + 4;
    if (strncmp(at, "arg=", 4) == 0) out->arguments[arguments++] = at + 4;
    if (strncmp(at, "env=", 4) == 0) *SlotOf(out->environment, at + 4) = at + 4;
    if (strncmp(at, "front=", 6) == 0 && !PutInFront(SlotOf(out->environment, at + 6), at + 6))
      return false;
    // Only where the image says nothing of use.
    if (strncmp(at, "default=", 8) == 0) {
      char** slot = SlotOf(out->environment, at + 8);
      const char* value = *slot == NULL ? "" : strchr(*slot, '=') + 1;
      if (*value == '\0' || strcmp(value, "/") == 0) *slot = at + 8;
    }
  }
  errno = EINVAL;
  return out->cwd != NULL && arguments > 0;
}

static void Fail(int pipe, int error, const char* path) {
  struct End end = {kExecFailed, error, ""};
  snprintf(end.path, sizeof end.path, "%s", path);
  if (write(pipe, &end, sizeof end) < 0) _exit(126);
  _exit(127);
}

static void Exec(const struct Inside* inside, int pipe, bool first) {
  setsid();
  // The end of process 1 ends its namespace; any other has to say so.
  if (!first) prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (int i = 1; i < NSIG; i++) sigaction(i, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) dup2(null, 0);
  if (inside->out != NULL) {
    int out = open(inside->out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) Fail(pipe, errno, inside->out);
  }
  if (chdir(inside->cwd) != 0) Fail(pipe, errno, inside->cwd);
  environ = inside->environment;  // execvp looks in the script's PATH
  execvp(inside->arguments[0], inside->arguments);
  Fail(pipe, errno, inside->arguments[0]);
}

static bool Refuse(struct Guard* guard, int error, const char* path) {
  guard->end.kind = kExecFailed;
  guard->end.number = error;
  snprintf(guard->end.path, sizeof guard->end.path, "%s", path);
  return false;
}

bool StartScript(struct Guard* guard) {
  char path[4096];
  size_t size = 0;
  struct Inside inside = {0};
  snprintf(path, sizeof path, "%s/inside", guard->state);
  char* bytes = ReadWhole(path, &size);
  if (bytes == NULL || !Parse(bytes, size, &inside)) return Refuse(guard, errno, "state/inside");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Refuse(guard, errno, "pipe");
  guard->script = fork();
  if (guard->script == 0) Exec(&inside, ends[1], guard->first);
  int saved = errno;
  close(ends[1]);
  ssize_t n = guard->script < 0 ? -1 : read(ends[0], &guard->end, sizeof guard->end);
  close(ends[0]);
  if (guard->script < 0) return Refuse(guard, saved, "fork");
  return n != (ssize_t)sizeof guard->end;
}

// The number behind "oom_kill " at the start of a line.
static long OomKillsIn(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char text[4096];
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (n <= 0) return -1;
  text[n] = '\0';
  const char* found = strncmp(text, "oom_kill ", 9) == 0 ? text : strstr(text, "\noom_kill ");
  return found == NULL ? -1 : strtol(found + 9, NULL, 10);
}

long OomKills(void) {
  long v1 = OomKillsIn("/sys/fs/cgroup/memory/memory.oom_control");
  return v1 >= 0 ? v1 : OomKillsIn("/sys/fs/cgroup/memory.events");
}

void WriteEnd(const struct Guard* guard) {
  static const char* const kKinds[] = {"code", "signal", "exec-failed"};
  char path[4096];
  char temporary[4104];
  char text[768];
  long now = OomKills();
  long kills = now < 0 || guard->oom_before < 0 ? -1 : now - guard->oom_before;
  int size =
      snprintf(text, sizeof text, "%s %d group_oom %ld peak_bytes %lld", kKinds[guard->end.kind],
               guard->end.number, kills, (long long)guard->peak_kib * 1024);
  if (guard->end.kind == kExecFailed)
    size += snprintf(text + size, sizeof text - (size_t)size, " path %s", guard->end.path);
  text[size++] = '\n';
  snprintf(path, sizeof path, "%s/ended", guard->state);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  bool written = write(fd, text, (size_t)size) == size;
  close(fd);
  if (written) rename(temporary, path);
}
