// The parent of one run's executor and script (docs/dev/formats/run-folder.md). It outlives the
// executor, never starts the script twice, and is the one that knows how the script ended.
//
// One thread, one poll loop, no allocation after the start but the launch file. What it knows lies
// in one struct; what must survive it lies below RUN_DIR/state.
#ifndef RUNWRIGHT_SHIM_SHIM_H_
#define RUNWRIGHT_SHIM_SHIM_H_

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum Phase {
  kIdle,       // nothing was started
  kLaunching,  // forked; whether exec succeeded is not known yet
  kStarted,
  kExited,
  kUnknown,  // an earlier shim began a launch and did not live to tell
};

// kNamespaceFailed: nothing was executed; the same without namespaces can be.
enum OutcomeKind { kCode, kSignal, kExecFailed, kNamespaceFailed };

struct Outcome {
  enum OutcomeKind kind;
  int number;      // exit code, signal or errno
  char path[512];  // kExecFailed: what could not be opened, entered or executed
};

// Messages that wait to be sent, as bits.
enum { kTellState = 1, kTellGone = 2 };

struct Shim {
  int state_fd;  // the folder RUN_DIR/state
  char boot_id[40];

  char** executor_argv;
  pid_t executor;  // 0: none
  int link;        // our end of the socket pair; -1: none
  bool bye;
  int deaths;             // in a row, each within 10 s of its start
  int64_t born_ms;        // when the executor was started
  int64_t restart_at_ms;  // -1: none due
  unsigned unsent;

  enum Phase phase;
  pid_t script;
  bool container;  // the script is a container engine's client: it hands signals on
  uint64_t start_ticks;
  int exec_pipe;          // -1: none; at end of file when exec succeeded
  int build_fd;           // of the build that the script uses, locked (shared); -1: none
  int namespace_refused;  // errno; 0: not tried or entered
  struct Outcome outcome;
  bool exit_recorded;  // false while the disk refuses the exit record
  bool gone;
  bool terminated;       // we were told to end: nothing is started any more
  int64_t kill_at_ms;    // SIGKILL to the tree is due then; -1: never
  int64_t record_at_ms;  // the exit record is tried again then; -1: never

  long peak_kib;            // largest resident size of any of the script's processes that ended
  long machine_oom_before;  // the machine's count of OOM kills when the script was started
  char group[512];          // the script's own memory control group; "": none
  bool in_group;            // and it is in there
};

// records.c: files below state/. All return false on failure with errno set.
bool ReadBootId(char out[40]);
uint64_t StartTicks(pid_t pid);
int64_t WallMicros(void);
int64_t NowMs(void);       // CLOCK_MONOTONIC
int64_t BootMicros(void);  // CLOCK_BOOTTIME
// Temporary file and rename; with `durable` also fsync of the file and of the folder.
bool WriteRecord(const struct Shim* shim, const char* name, const char* text, bool durable);
// Makes state/launching durable, and room for what is written at the end: a script that fills the
// disk cannot keep its own end from being recorded. EEXIST when a launch was begun before.
bool MarkLaunching(const struct Shim* shim);
bool WriteStarted(const struct Shim* shim);
bool WriteExit(const struct Shim* shim);
// state/usage: what is known of the script's memory and time when it ends.
bool WriteUsage(const struct Shim* shim);
// The phase that the files tell of when a shim starts, with the outcome where it is known.
enum Phase RecoverPhase(struct Shim* shim);
// One JSON line to state/shim.log (standard error).
void Log(const char* event, long a, long b);

// memory.c
// How many processes the kernel's OOM killer has ended on this machine since its boot; -1: unknown.
long MachineOomKills(void);
// Makes a memory control group for the script, where this user may: then the kernel's count of OOM
// kills in it is proof. Sets shim->group.
void MakeGroup(struct Shim* shim);
// Makes it while the executor starts, and has a child of no other use enter it: the kernel lets all
// processors come to rest for a move between groups (some 10 ms), and for one soon after it no
// more.
void WarmGroup(struct Shim* shim);
// In the child, before exec: no allocation, no lock.
// A group that cannot be entered is removed: the script may be over before anybody looks into it.
void EnterGroup(const char* group);
// Did the script get in? Sets shim->in_group.
void CheckGroup(struct Shim* shim);
// OOM kills in the script's group; -1 where it has none.
long GroupOomKills(const struct Shim* shim);
// After the last process has left.
void RemoveGroup(struct Shim* shim);

// launch.c
// Forks and executes what state/launch says. On success script and exec_pipe are set; false with
// outcome set when nothing was started.
bool ForkScript(struct Shim* shim);
// Forks the executor with the other end of a new link as descriptor 3.
bool ForkExecutor(struct Shim* shim);

// mounts.c
// In the child, before exec: gives it a mount namespace of its own, in which `build` (NULL: nothing
// is done), that runs share, is an overlay with its changes in RUN_DIR/overlay (below it
// `bytecode`, where that folder is there) or, where the kernel refuses that, read-only; and the
// folders of `read_only` (NULL at the end) are what they are called. What was reached is noted in
// state/protection. EAGAIN: this process is of no use any more; a new one must be told that
// namespaces were refused. Another error: the build was fetched as an image, which cannot be
// mounted.
int ProtectFolders(const struct Shim* shim, const char* build, const char* bytecode,
                   char* const* read_only);
// At the end: what the script changed there vanishes with it.
void RemoveLayers(const struct Shim* shim);

// tree.c
// Signals every descendant of this process but the executor, the script's process group first; of a
// container the engine's client alone, which hands it on, unless it is SIGKILL. True when there was
// one. At most 16,384 at once: callers that kill repeat until nothing is left.
bool SignalTree(const struct Shim* shim, int signal);
// True while this process has a child (zombies not counted as they are reaped) besides the
// executor.
bool HasChildren(const struct Shim* shim);

// link.c
void StartExecutor(struct Shim* shim);
void ReadLink(struct Shim* shim);
// Sends what waits; keeps it when the executor does not read.
void Tell(struct Shim* shim, unsigned what);
void OnExecutorDeath(struct Shim* shim, int status);

// script.c
void Launch(struct Shim* shim);
void OnExecPipe(struct Shim* shim);
void OnScriptDeath(struct Shim* shim, int status);
// After any death: says GONE once nothing of the script's tree is left.
void CheckGone(struct Shim* shim);
void RequestKill(struct Shim* shim);
void OnTerminate(struct Shim* shim);
void RunTimers(struct Shim* shim);

#endif
