#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

enum { kMost = 16384 };

struct List {
  pid_t pids[kMost];
  size_t size;
};
// Pages of it exist only once they were written to.
static struct List tree;

static void Add(pid_t pid) {
  if (pid > 0 && tree.size < kMost) tree.pids[tree.size++] = pid;
}

// "12 345 6 ": the format of /proc/PID/task/TID/children. False where the kernel has no such file.
static bool AddFromChildrenFile(const char* path, pid_t except) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno != ENOENT;
  char buffer[4096];
  pid_t pid = 0;
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {
    for (ssize_t i = 0; i < n; i++) {
      if (buffer[i] >= '0' && buffer[i] <= '9') {
        pid = pid * 10 + (buffer[i] - '0');
      } else {
        if (pid != except) Add(pid);
        pid = 0;
      }
    }
  }
  close(fd);
  return true;
}

static void AddChildren(pid_t parent, pid_t except) {
  char path[320];
  snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
  DIR* tasks = opendir(path);
  if (tasks == NULL) return;
  for (struct dirent* task; (task = readdir(tasks)) != NULL;) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)parent, task->d_name);
    AddFromChildrenFile(path, except);
  }
  closedir(tasks);
}

static pid_t ParentOf(pid_t pid) {
  char path[48];
  char stat[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, stat, sizeof stat - 1);
  close(fd);
  if (n <= 0) return 0;
  stat[n] = '\0';
  const char* name_end = strrchr(stat, ')');
  return name_end == NULL || strlen(name_end) < 5 ? 0 : (pid_t)strtol(name_end + 4, NULL, 10);
}

// For kernels built without CONFIG_PROC_CHILDREN.
static void AddChildrenByScan(pid_t parent, pid_t except) {
  DIR* proc = opendir("/proc");
  if (proc == NULL) return;
  for (struct dirent* entry; (entry = readdir(proc)) != NULL;) {
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (pid > 0 && pid != except && ParentOf(pid) == parent) Add(pid);
  }
  closedir(proc);
}

static void AddBelow(pid_t parent, pid_t except) {
  static int has_children_files = -1;
  if (has_children_files < 0)
    has_children_files = access("/proc/thread-self/children", R_OK) == 0 ? 1 : 0;
  if (has_children_files) {
    AddChildren(parent, except);
  } else {
    AddChildrenByScan(parent, except);
  }
}

bool HasChildren(const struct Shim* shim) {
  tree.size = 0;
  AddBelow(getpid(), shim->executor);
  return tree.size > 0;
}

bool SignalTree(const struct Shim* shim, int signal) {
  pid_t group = shim->phase == kStarted || shim->phase == kLaunching ? shim->script : 0;
  if (group > 0) kill(-group, signal);
  // The engine's monitor would hand it on a second time, and what is inside would get it a third.
  if (shim->container && signal != SIGKILL) return HasChildren(shim);
  tree.size = 0;
  AddBelow(getpid(), shim->executor);
  for (size_t i = 0; i < tree.size; i++) AddBelow(tree.pids[i], shim->executor);
  for (size_t i = 0; i < tree.size; i++) {
    // Members of the group have it already; a second TERM may mean "at once" to them.
    if (group == 0 || getpgid(tree.pids[i]) != group) kill(tree.pids[i], signal);
  }
  return tree.size > 0;
}
