#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"

enum { kGraceMs = 2000, kOwnGraceMs = 10000, kKillAgainMs = 20, kRecordAgainMs = 1000 };

static void RecordExit(struct Shim* shim) {
  shim->exit_recorded = WriteExit(shim);
  shim->record_at_ms = shim->exit_recorded ? -1 : NowMs() + kRecordAgainMs;
  if (!shim->exit_recorded) Log("exit.record_failed", errno, 0);
}

static void Exited(struct Shim* shim) {
  shim->phase = kExited;
  if (!WriteUsage(shim)) Log("usage.record_failed", errno, 0);
  RecordExit(shim);
  Tell(shim, kTellState);
  CheckGone(shim);
  if (shim->gone) return;
  // The main process is over; what it left behind has no one to report to.
  SignalTree(shim, SIGTERM);
  int64_t due = NowMs() + kGraceMs;
  if (shim->kill_at_ms < 0 || due < shim->kill_at_ms) shim->kill_at_ms = due;
}

void Launch(struct Shim* shim) {
  if (shim->phase != kIdle) {
    Tell(shim, kTellState | (shim->gone ? kTellGone : 0));
    return;
  }
  if (shim->terminated) {
    shim->outcome.kind = kSignal;
    shim->outcome.number = SIGTERM;
    Exited(shim);
    return;
  }
  if (!MarkLaunching(shim)) {
    shim->outcome.kind = kExecFailed;
    shim->outcome.number = errno;
    snprintf(shim->outcome.path, sizeof shim->outcome.path, "state/launching");
    Exited(shim);
    return;
  }
  if (!ForkScript(shim)) {
    Exited(shim);
    return;
  }
  shim->phase = kLaunching;
}

void OnExecPipe(struct Shim* shim) {
  struct Outcome outcome;
  ssize_t n = read(shim->exec_pipe, &outcome, sizeof outcome);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  close(shim->exec_pipe);
  shim->exec_pipe = -1;
  if (n == (ssize_t)sizeof outcome && outcome.kind == kNamespaceFailed) {
    Log("namespace.refused", outcome.number, 0);
    shim->namespace_refused = outcome.number;
    if (!ForkScript(shim)) Exited(shim);
    return;
  }
  if (n == (ssize_t)sizeof outcome) {
    shim->outcome = outcome;
    Exited(shim);
    return;
  }
  shim->phase = kStarted;
  shim->start_ticks = StartTicks(shim->script);
  CheckGroup(shim);
  if (!WriteStarted(shim)) Log("started.record_failed", errno, 0);
  Tell(shim, kTellState);
}

void OnScriptDeath(struct Shim* shim, int status) {
  if (shim->exec_pipe >= 0) OnExecPipe(shim);
  if (shim->phase != kStarted) return;  // exec failed: told already
  bool signalled = WIFSIGNALED(status);
  shim->outcome.kind = signalled ? kSignal : kCode;
  shim->outcome.number = signalled ? WTERMSIG(status) : WEXITSTATUS(status);
  Exited(shim);
}

void CheckGone(struct Shim* shim) {
  if (shim->phase != kExited || shim->gone || HasChildren(shim)) return;
  shim->gone = true;
  shim->kill_at_ms = -1;
  RemoveGroup(shim);
  Tell(shim, kTellGone);
}

void RequestKill(struct Shim* shim) {
  if (shim->phase == kIdle || shim->gone) return;
  shim->kill_at_ms = NowMs();
}

void OnTerminate(struct Shim* shim) {
  Log("shim.terminate", shim->phase, 0);
  shim->terminated = true;
  if (shim->phase != kStarted && shim->phase != kLaunching) return;
  SignalTree(shim, SIGTERM);
  int64_t due = NowMs() + kOwnGraceMs;
  if (shim->kill_at_ms < 0 || due < shim->kill_at_ms) shim->kill_at_ms = due;
}

void RunTimers(struct Shim* shim) {
  int64_t now = NowMs();
  if (shim->restart_at_ms >= 0 && now >= shim->restart_at_ms) StartExecutor(shim);
  if (shim->record_at_ms >= 0 && now >= shim->record_at_ms) RecordExit(shim);
  if (shim->kill_at_ms >= 0 && now >= shim->kill_at_ms) {
    // Again until nothing is left: a process may have forked between the look and the signal.
    SignalTree(shim, SIGKILL);
    shim->kill_at_ms = now + kKillAgainMs;
    CheckGone(shim);
  }
}
