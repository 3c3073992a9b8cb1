// runwright-shim RUN_DIR EXECUTOR [ARG…]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"

static bool Detach(void) {
  close_range(3, ~0U, 0);  // nothing of whoever started us
  setsid();                // fails where we lead one already
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) return false;
  close(null);
  return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static bool OpenState(struct Shim* shim, const char* run_dir) {
  int dir = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return false;
  shim->state_fd = openat(dir, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  close(dir);
  if (shim->state_fd < 0) return false;
  // One shim a folder, held by the kernel: a server that cannot know whether its predecessor got as
  // far as starting one starts another, and the second leaves here without a trace.
  if (flock(shim->state_fd, LOCK_EX | LOCK_NB) != 0) return false;
  int log = openat(shim->state_fd, "shim.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0 || dup2(log, 2) < 0) return false;
  close(log);
  char text[96];
  if (!ReadBootId(shim->boot_id)) return false;
  snprintf(text, sizeof text, "%d %llu %s\n", (int)getpid(),
           (unsigned long long)StartTicks(getpid()), shim->boot_id);
  return WriteRecord(shim, "shim", text, false);
}

static int OpenSignals(void) {
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGCHLD);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGINT);
  sigprocmask(SIG_BLOCK, &ours, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  return signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void Reap(struct Shim* shim) {
  int status;
  pid_t pid;
  struct rusage usage;
  while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
    if (pid != shim->executor && usage.ru_maxrss > shim->peak_kib) shim->peak_kib = usage.ru_maxrss;
    if (pid == shim->executor) OnExecutorDeath(shim, status);
    if (pid == shim->script) OnScriptDeath(shim, status);
  }
  CheckGone(shim);
}

static void ReadSignals(struct Shim* shim, int fd) {
  struct signalfd_siginfo info;
  bool child = false;
  while (read(fd, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) {
      child = true;
    } else {
      OnTerminate(shim);
    }
  }
  if (child) Reap(shim);
}

static int Timeout(const struct Shim* shim) {
  const int64_t times[] = {shim->restart_at_ms, shim->kill_at_ms, shim->record_at_ms};
  int64_t first = -1;
  for (int i = 0; i < 3; i++)
    if (times[i] >= 0 && (first < 0 || times[i] < first)) first = times[i];
  if (first < 0) return -1;
  int64_t wait = first - NowMs();
  return wait < 0 ? 0 : (int)wait;
}

static void Turn(struct Shim* shim, int signals) {
  struct pollfd fds[3] = {
      {.fd = signals, .events = POLLIN},
      {.fd = shim->link, .events = (short)(POLLIN | (shim->unsent ? POLLOUT : 0))},
      {.fd = shim->exec_pipe, .events = POLLIN},
  };
  if (shim->phase == kLaunching) fds[1].events = POLLIN;  // nothing is told before the outcome
  if (poll(fds, 3, Timeout(shim)) < 0 && errno != EINTR) Log("poll.failed", errno, 0);
  if (fds[2].revents != 0 && shim->exec_pipe >= 0) OnExecPipe(shim);
  if (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) ReadLink(shim);
  if (shim->unsent) Tell(shim, 0);
  if (fds[0].revents & POLLIN) ReadSignals(shim, signals);
  RunTimers(shim);
}

// What a run leaves behind is nothing.
static void EndTree(const struct Shim* shim) {
  while (SignalTree(shim, SIGKILL)) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    if (HasChildren(shim)) poll(NULL, 0, 5);
  }
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: runwright-shim RUN_DIR EXECUTOR [ARG...]\n");
    return 2;
  }
  struct Shim shim = {
      .executor_argv = argv + 2, .state_fd = -1, .link = -1, .exec_pipe = -1, .build_fd = -1};
  shim.restart_at_ms = shim.kill_at_ms = shim.record_at_ms = -1;
  if (!Detach() || !OpenState(&shim, argv[1])) {
    fprintf(stderr, "runwright-shim: %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  int signals = OpenSignals();
  if (signals < 0) return 1;
  shim.phase = RecoverPhase(&shim);
  shim.gone = shim.phase == kExited;
  StartExecutor(&shim);
  if (shim.phase == kIdle) WarmGroup(&shim);
  while (!(shim.bye && shim.executor == 0)) Turn(&shim, signals);
  EndTree(&shim);
  RemoveLayers(&shim);
  RemoveGroup(&shim);
  return 0;
}
