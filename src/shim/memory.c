#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim.h"

static bool ReadText(const char* path, char* out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t have = 0;
  ssize_t n;
  while (have + 1 < size && (n = read(fd, out + have, size - 1 - have)) > 0) have += (size_t)n;
  close(fd);
  out[have] = '\0';
  return have > 0;
}

// The number behind "`name` " at the start of a line; -1 where there is no such line.
static long NumberOf(const char* text, const char* name) {
  size_t size = strlen(name);
  for (const char* line = text; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, name, size) == 0 && line[size] == ' ') return strtol(line + size, NULL, 10);
  }
  return -1;
}

long MachineOomKills(void) {
  static char text[32768];  // pages of it exist only once they were written to
  return ReadText("/proc/vmstat", text, sizeof text) ? NumberOf(text, "oom_kill") : -1;
}

// The folder of the memory control group that this process is in.
static bool OwnGroup(char* out, size_t size) {
  char text[4096];
  if (!ReadText("/proc/self/cgroup", text, sizeof text)) return false;
  const char* v1 = strstr(text, ":memory:");
  const char* path = v1 != NULL ? v1 + 8 : strncmp(text, "0::", 3) == 0 ? text + 3 : NULL;
  if (path == NULL) return false;
  int length = (int)strcspn(path, "\n");
  int n = snprintf(out, size, "/sys/fs/cgroup%s%.*s", v1 != NULL ? "/memory" : "", length, path);
  return n > 0 && (size_t)n < size;
}

// memory.oom_control (version 1) or memory.events (version 2) of the script's group.
static bool ReadCounts(const struct Shim* shim, char* out, size_t size) {
  char path[600];
  snprintf(path, sizeof path, "%s/memory.oom_control", shim->group);
  if (ReadText(path, out, size)) return true;
  snprintf(path, sizeof path, "%s/memory.events", shim->group);
  return ReadText(path, out, size);
}

// Groups of shims that were killed, as far as they are empty by now.
static void RemoveStaleGroups(const char* own) {
  DIR* folder = opendir(own);
  if (folder == NULL) return;
  for (struct dirent* entry; (entry = readdir(folder)) != NULL;) {
    if (strncmp(entry->d_name, "runwright-", 10) != 0) continue;
    pid_t pid = (pid_t)strtol(entry->d_name + 10, NULL, 10);
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
      unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
  }
  closedir(folder);
}

void MakeGroup(struct Shim* shim) {
  char own[400];
  char counts[512];
  if (!OwnGroup(own, sizeof own)) return;
  RemoveStaleGroups(own);
  snprintf(shim->group, sizeof shim->group, "%s/runwright-%d", own, (int)getpid());
  // Whoever cleans up after a shim that was killed finds the name here.
  char record[520];
  snprintf(record, sizeof record, "%s\n", shim->group);
  bool made = WriteRecord(shim, "group", record, false) && mkdir(shim->group, 0755) == 0;
  if (made && ReadCounts(shim, counts, sizeof counts)) return;
  if (made) rmdir(shim->group);
  unlinkat(shim->state_fd, "group", 0);
  shim->group[0] = '\0';
}

void EnterGroup(const char* group) {
  if (group[0] == '\0') return;
  char path[600];
  size_t size = strlen(group);
  memcpy(path, group, size);
  memcpy(path + size, "/cgroup.procs", 14);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool entered = fd >= 0 && write(fd, "0", 1) == 1;
  if (fd >= 0) close(fd);
  if (!entered) rmdir(group);
}

void WarmGroup(struct Shim* shim) {
  MakeGroup(shim);
  if (shim->group[0] == '\0' || fork() != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close_range(3, ~0U, 0);  // the lock on the folder is the shim's alone
  EnterGroup(shim->group);
  _exit(0);
}

void CheckGroup(struct Shim* shim) {
  shim->in_group = shim->group[0] != '\0' && access(shim->group, F_OK) == 0;
}

long GroupOomKills(const struct Shim* shim) {
  char counts[512];
  if (!shim->in_group || !ReadCounts(shim, counts, sizeof counts)) return -1;
  return NumberOf(counts, "oom_kill");
}

void RemoveGroup(struct Shim* shim) {
  if (shim->group[0] == '\0' || rmdir(shim->group) != 0) return;
  unlinkat(shim->state_fd, "group", 0);
  shim->group[0] = '\0';
}
