#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"

enum { kFirstDelayMs = 100, kLongestDelayMs = 5000, kSettledMs = 10000 };

void StartExecutor(struct Shim* shim) {
  shim->restart_at_ms = -1;
  shim->born_ms = NowMs();
  shim->bye = false;
  if (!ForkExecutor(shim)) {
    Log("executor.fork_failed", errno, 0);
    shim->restart_at_ms = NowMs() + 1000;
    return;
  }
  Tell(shim, kTellState | (shim->gone ? kTellGone : 0));
}

static int StateText(const struct Shim* shim, char* text, size_t size) {
  static const char* const kKinds[] = {"code", "signal", "exec-failed"};
  switch (shim->phase) {
    case kIdle:
      return snprintf(text, size, "IDLE");
    case kStarted:
      return snprintf(text, size, "STARTED %d %llu", (int)shim->script,
                      (unsigned long long)shim->start_ticks);
    case kExited:
      return snprintf(text, size, "EXITED %s %d", kKinds[shim->outcome.kind], shim->outcome.number);
    case kUnknown:
      return snprintf(text, size, "UNKNOWN");
    default:
      return 0;
  }
}

// False when it must be tried again later.
static bool Send(const struct Shim* shim, const char* text, size_t size) {
  if (send(shim->link, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
  return errno != EAGAIN && errno != EINTR && errno != ENOBUFS;  // a dead executor needs no message
}

void Tell(struct Shim* shim, unsigned what) {
  shim->unsent |= what;
  if (shim->link < 0 || shim->phase == kLaunching) return;
  char text[128];
  if (shim->unsent & kTellState) {
    int size = StateText(shim, text, sizeof text);
    if (!Send(shim, text, (size_t)size)) return;
    shim->unsent &= ~(unsigned)kTellState;
  }
  if (shim->unsent & kTellGone) {
    if (!Send(shim, "GONE", 4)) return;
    shim->unsent &= ~(unsigned)kTellGone;
  }
}

static void Obey(struct Shim* shim, const char* message) {
  if (strcmp(message, "LAUNCH") == 0) {
    Launch(shim);
  } else if (strcmp(message, "KILL") == 0) {
    RequestKill(shim);
  } else if (strncmp(message, "SIGNAL ", 7) == 0) {
    int number = atoi(message + 7);
    if (number > 0 && number < NSIG) SignalTree(shim, number);
  } else if (strcmp(message, "BYE") == 0) {
    shim->bye = true;
  } else {
    Log("link.unknown_message", (long)strlen(message), 0);
  }
}

void ReadLink(struct Shim* shim) {
  char message[64];
  while (shim->link >= 0) {
    ssize_t n = recv(shim->link, message, sizeof message - 1, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    if (n == 0) {  // closed; its death is told by SIGCHLD
      close(shim->link);
      shim->link = -1;
      return;
    }
    message[n] = '\0';
    Obey(shim, message);
  }
}

void OnExecutorDeath(struct Shim* shim, int status) {
  ReadLink(shim);  // a BYE sent just before the end counts
  shim->executor = 0;
  if (shim->link >= 0) close(shim->link);
  shim->link = -1;
  shim->unsent = 0;
  if (shim->bye && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;  // main ends us
  shim->bye = false;
  Log("executor.died", WIFSIGNALED(status) ? WTERMSIG(status) : 0, WEXITSTATUS(status));
  int64_t now = NowMs();
  if (now - shim->born_ms >= kSettledMs) shim->deaths = 0;
  int64_t delay = 0;
  if (shim->deaths > 0) {
    int doublings = shim->deaths - 1 < 10 ? shim->deaths - 1 : 10;
    delay = (int64_t)kFirstDelayMs << doublings;
    if (delay > kLongestDelayMs) delay = kLongestDelayMs;
  }
  shim->deaths++;
  if (delay == 0) {
    StartExecutor(shim);
  } else {
    shim->restart_at_ms = now + delay;
  }
}
