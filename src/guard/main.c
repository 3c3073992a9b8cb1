// runwright-guard STATE_FOLDER
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"

enum { kGraceSeconds = 2 };

static void Hand(const struct Guard* guard, int signal) {
  if (guard->first) {
    kill(-1, signal);  // all but this process
  } else if (guard->script > 0) {
    kill(-guard->script, signal);
  }
}

// What the script left behind has no one to report to.
static void Over(struct Guard* guard, int status) {
  guard->over = true;
  guard->end.kind = WIFSIGNALED(status) ? kSignal : kCode;
  guard->end.number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  if (atomic_load(&guard->lost)) return;  // killed by WatchSupervisor, which ends this process
  WriteEnd(guard);
  Hand(guard, SIGTERM);
  alarm(kGraceSeconds);
}

// False once no process is left.
static bool Reap(struct Guard* guard) {
  int status;
  pid_t pid;
  struct rusage usage;
  while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
    if (usage.ru_maxrss > guard->peak_kib) guard->peak_kib = usage.ru_maxrss;
    if (pid == guard->script && !guard->over) Over(guard, status);
  }
  return pid == 0 || errno != ECHILD;
}

static int Follow(struct Guard* guard, const sigset_t* signals) {
  for (;;) {
    int number = sigwaitinfo(signals, NULL);
    if (number == SIGCHLD) {
      if (!Reap(guard)) break;
    } else if (number == SIGALRM && guard->over) {
      break;
    } else if (number > 0 && number != SIGALRM) {
      Hand(guard, number);
    }
  }
  KillAll(guard);
  return guard->end.kind == kSignal ? 128 + guard->end.number : guard->end.number;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: runwright-guard STATE_FOLDER (started in containers of runs)\n");
    return 2;
  }
  struct Guard guard = {.state = argv[1], .first = getpid() == 1};
  sigset_t signals;
  sigfillset(&signals);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  guard.oom_before = OomKills();
  SeeSupervisor(&guard);
  if (!StartScript(&guard)) {
    WriteEnd(&guard);
    return guard.end.number == ENOENT ? 127 : 126;
  }
  WatchSupervisor(&guard);
  return Follow(&guard, &signals);
}
