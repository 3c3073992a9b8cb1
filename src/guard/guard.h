// The first process of a run's container (docs/dev/formats/run-folder.md). It starts the script as
// state/inside says, straight into the run's log, hands signals on to every process of the
// container, and writes down how the script ended: an engine's own exit code cannot tell a script's
// 125 from its own, nor a signal from 128 and more.
//
// Static, so that it runs in any image. What it knows lies in one struct.
#ifndef RUNWRIGHT_GUARD_GUARD_H_
#define RUNWRIGHT_GUARD_GUARD_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum EndKind { kCode, kSignal, kExecFailed };

struct End {
  enum EndKind kind;
  int number;      // exit code, signal or errno
  char path[512];  // kExecFailed: what could not be opened, entered or executed
};

struct Guard {
  const char* state;  // the folder RUN_DIR/state
  bool first;         // process 1 of its own namespace: all that lives there is the run's
  int watched;        // the folder, while a living supervisor's lock on it was seen; else -1
  pid_t script;       // 0: not started
  bool over;          // the script's main process ended
  atomic_bool lost;   // the supervisor is gone: an end is no end of the script's own
  struct End end;
  long peak_kib;
  long oom_before;  // OOM kills in the container's control group before the start; -1: unknown
};

// launch.c
// Forks and executes what state/inside says. False with guard->end set when nothing was started.
bool StartScript(struct Guard* guard);
// OOM kills in the container's control group; -1 where it cannot be read.
long OomKills(void);
// state/ended, whole by rename.
void WriteEnd(const struct Guard* guard);

// watch.c
// Before the script starts: is there a supervisor to be seen? It holds a lock on the folder `state`
// for as long as it lives. Where that lock cannot be seen (the folder comes from another machine),
// nothing is watched.
void SeeSupervisor(struct Guard* guard);
// From a thread of its own: ends everything here once the supervisor that was seen is gone.
void WatchSupervisor(struct Guard* guard);
// SIGKILL to all that the script started.
void KillAll(const struct Guard* guard);

#endif
