#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim.h"

extern char** environ;

struct LaunchFile {
  char* bytes;
  const char* cwd;
  const char* out;
  char** arguments;      // NULL at the end
  char** environment;    // NULL at the end
  char** read_only;      // NULL at the end
  const char* bytecode;  // of the build; NULL: none
  const char* build;     // NULL: none that runs share
  bool container;        // what is started is a container engine's client
};

static bool Refuse(struct Shim* shim, int error, const char* path) {
  shim->outcome.kind = kExecFailed;
  shim->outcome.number = error;
  snprintf(shim->outcome.path, sizeof shim->outcome.path, "%s", path);
  return false;
}

static char* ReadWhole(int dir, const char* name, size_t* size) {
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
  struct stat info;
  char* bytes = NULL;
  if (fd >= 0 && fstat(fd, &info) == 0 && (bytes = malloc((size_t)info.st_size + 1)) != NULL) {
    *size = 0;
    ssize_t n;
    while ((n = read(fd, bytes + *size, (size_t)info.st_size - *size)) > 0) *size += (size_t)n;
    bytes[*size] = '\0';
  }
  int saved = errno;
  if (fd >= 0) close(fd);
  errno = saved;
  return bytes;
}

// The strings stay in `file->bytes`; the lists share one array.
static bool ParseLaunch(struct LaunchFile* file, size_t size) {
  size_t strings = 0;
  for (size_t i = 0; i < size; i++) strings += file->bytes[i] == '\0';
  char** slots = calloc(3 * (strings + 1), sizeof *slots);
  if (slots == NULL) return false;
  file->arguments = slots;
  file->environment = slots + strings + 1;
  file->read_only = slots + 2 * (strings + 1);
  size_t arguments = 0;
  size_t variables = 0;
  size_t folders = 0;
  for (char* at = file->bytes; at < file->bytes + size; at += strlen(at) + 1) {
    if (strncmp(at, "cwd=", 4) == 0) file->cwd = at + 4;
    if (strncmp(at, "out=", 4) == 0) file->out = at + 4;
    if (strcmp(at, "container=1") == 0) file->container = true;
    if (strncmp(at, "arg=", 4) == 0) file->arguments[arguments++] = at + 4;
    if (strncmp(at, "env=", 4) == 0) file->environment[variables++] = at + 4;
    if (strncmp(at, "build=", 6) == 0) file->build = at + 6;
    if (strncmp(at, "bytecode=", 9) == 0) file->bytecode = at + 9;
    if (strncmp(at, "read-only=", 10) == 0) file->read_only[folders++] = at + 10;
  }
  errno = EINVAL;
  return file->cwd != NULL && file->out != NULL && arguments > 0;
}

static void ResetSignals(void) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (int i = 1; i < NSIG; i++) sigaction(i, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void Report(int pipe, enum OutcomeKind kind, int error, const char* path) {
  struct Outcome outcome = {kind, error, ""};
  snprintf(outcome.path, sizeof outcome.path, "%s", path);
  if (write(pipe, &outcome, sizeof outcome) < 0) _exit(126);
  _exit(127);
}

static void Fail(int pipe, int error, const char* path) { Report(pipe, kExecFailed, error, path); }

static void ExecScript(const struct Shim* shim, const struct LaunchFile* file, int out, int pipe,
                       pid_t parent) {
  setsid();
  EnterGroup(shim->group);
  int failed = ProtectFolders(shim, file->build, file->bytecode, file->read_only);
  if (failed == EAGAIN) Report(pipe, kNamespaceFailed, EPERM, "");
  if (failed != 0) Fail(pipe, failed, file->build);
  // The script does not outlive its supervisor: what nobody watches, nobody could stop.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  ResetSignals();
  int null = open("/dev/null", O_RDONLY);
  if (null < 0) Fail(pipe, errno, "/dev/null");
  if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) Fail(pipe, errno, file->out);
  if (null > 2) close(null);
  if (chdir(file->cwd) != 0) Fail(pipe, errno, file->cwd);
  environ = file->environment;  // execvp looks in the script's PATH, not in ours
  execvp(file->arguments[0], file->arguments);
  Fail(pipe, errno, file->arguments[0]);
}

// As long as we live nobody removes it.
static void HoldBuild(struct Shim* shim, const char* build) {
  if (build == NULL || shim->build_fd >= 0) return;
  shim->build_fd = open(build, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (shim->build_fd >= 0 && flock(shim->build_fd, LOCK_SH | LOCK_NB) != 0)
    Log("build.not_held", errno, 0);
}

bool ForkScript(struct Shim* shim) {
  struct LaunchFile file = {0};
  size_t size = 0;
  file.bytes = ReadWhole(shim->state_fd, "launch", &size);
  if (file.bytes == NULL || !ParseLaunch(&file, size)) return Refuse(shim, errno, "state/launch");
  // Kept open as long as we live: the log's bytes stay reachable whatever the script does to the
  // name.
  int out = open(file.out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) return Refuse(shim, errno, file.out);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return Refuse(shim, errno, "pipe");
  shim->container = file.container;
  HoldBuild(shim, file.build);
  if (shim->namespace_refused == 0 && shim->group[0] == '\0') MakeGroup(shim);
  shim->machine_oom_before = MachineOomKills();
  pid_t self = getpid();
  pid_t child = fork();
  if (child == 0) ExecScript(shim, &file, out, ends[1], self);
  int saved = errno;
  close(ends[1]);
  free(file.arguments);
  free(file.bytes);
  if (child < 0) {
    close(ends[0]);
    return Refuse(shim, saved, "fork");
  }
  shim->script = child;
  shim->exec_pipe = ends[0];
  return true;
}

bool ForkExecutor(struct Shim* shim) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  int log = openat(shim->state_fd, "executor.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_t child = fork();
  if (child == 0) {
    ResetSignals();
    if (log >= 0) dup2(log, 1);
    if (log >= 0) dup2(log, 2);
    if (ends[1] == 3) {
      fcntl(3, F_SETFD, 0);
    } else if (dup2(ends[1], 3) < 0) {
      _exit(126);
    }
    execv(shim->executor_argv[0], shim->executor_argv);
    _exit(127);
  }
  int saved = errno;
  close(ends[1]);
  if (log >= 0) close(log);
  if (child < 0) {
    close(ends[0]);
    errno = saved;
    return false;
  }
  shim->executor = child;
  shim->link = ends[0];
  return true;
}
