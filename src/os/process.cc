#include "os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/clock.h"
#include "base/strings.h"
#include "os/c_strings.h"
#include "os/file_system.h"

namespace rw::os {
namespace {
constexpr size_t kMaxCaptured = 1 << 20;

/// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void ExecChild(const LaunchSpec& spec, char* const* argv, char* const* env, int out,
                            int err, int error_pipe) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  int input = open("/dev/null", O_RDONLY);
  bool ready = input >= 0 && dup2(input, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
               (spec.working_dir.empty() || chdir(spec.working_dir.c_str()) == 0);
  if (ready) {
    if (input > 2) close(input);
    execve(argv[0], argv, env);
  }
  int code = errno;
  [[maybe_unused]] ssize_t n = write(error_pipe, &code, sizeof code);
  _exit(127);
}

Result<int> OpenOutput(const std::string& path) {
  const char* name = path.empty() ? "/dev/null" : path.c_str();
  int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoError(errno, std::string("open ") + name);
  return fd;
}

/// The grandchild's pid, or the error of its exec. Two forks, so that init (or a subreaper) reaps
/// it.
class DetachedSpawn {
 public:
  static Result<int> Run(const LaunchSpec& spec) {
    int out = TRY(OpenOutput(spec.stdout_path));
    auto opened = spec.stderr_path.empty() ? Result<int>(fcntl(out, F_DUPFD_CLOEXEC, 3))
                                           : OpenOutput(spec.stderr_path);
    if (!opened) {
      close(out);
      return opened.error();
    }
    Result<int> pid = ForkTwice(spec, out, *opened);
    close(out);
    close(*opened);
    return pid;
  }

 private:
  static Result<int> ForkTwice(const LaunchSpec& spec, int out, int err) {
    std::vector<char*> argv = CStrings(spec.argv);
    std::vector<char*> env = CStrings(spec.environment);
    int pid_pipe[2];
    int error_pipe[2];
    if (pipe2(pid_pipe, O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
    if (pipe2(error_pipe, O_CLOEXEC) != 0) {
      int saved = errno;
      close(pid_pipe[0]);
      close(pid_pipe[1]);
      return ErrnoError(saved, "pipe");
    }
    pid_t middle = vfork();
    if (middle == 0) {
      if (spec.new_session) setsid();
      pid_t child = vfork();
      if (child == 0) ExecChild(spec, argv.data(), env.data(), out, err, error_pipe[1]);
      [[maybe_unused]] ssize_t n = write(pid_pipe[1], &child, sizeof child);
      _exit(child < 0 ? 1 : 0);
    }
    int fork_error = errno;
    close(pid_pipe[1]);
    close(error_pipe[1]);
    Result<int> result = Collect(spec, middle, fork_error, pid_pipe[0], error_pipe[0]);
    close(pid_pipe[0]);
    close(error_pipe[0]);
    return result;
  }

  static Result<int> Collect(const LaunchSpec& spec, pid_t middle, int fork_error, int pid_fd,
                             int error_fd) {
    if (middle < 0) return ErrnoError(fork_error, "fork");
    int status = 0;
    while (waitpid(middle, &status, 0) < 0 && errno == EINTR) {
    }
    pid_t child = -1;
    if (read(pid_fd, &child, sizeof child) != sizeof child || child < 0)
      return Error(Code::kUnavailable, "fork failed: out of processes or memory");
    int exec_error = 0;
    if (read(error_fd, &exec_error, sizeof exec_error) == sizeof exec_error)
      return ErrnoError(exec_error, "start " + spec.argv[0]);
    return child;
  }
};

bool HasVariable(std::string_view environment, std::string_view variable) {
  while (!environment.empty()) {
    size_t end = environment.find('\0');
    if (environment.substr(0, end) == variable) return true;
    environment.remove_prefix(end == std::string_view::npos ? environment.size() : end + 1);
  }
  return false;
}

class PosixLauncher final : public ProcessLauncher {
 public:
  Result<ProcessIdentity> SpawnDetached(const LaunchSpec& spec) override {
    int pid = TRY(DetachedSpawn::Run(spec));
    auto identity = IdentityOf(pid);
    if (!identity) return ProcessIdentity{pid, 0, BootId()};  // over already
    return identity;
  }
  bool IsAlive(const ProcessIdentity& identity) override {
    auto now = IdentityOf(identity.pid);
    return now && *now == identity;
  }
  Status Signal(const ProcessIdentity& identity, int signal) override {
    if (!IsAlive(identity))
      return Error(Code::kNotFound, "process " + std::to_string(identity.pid) + " is gone");
    if (kill(identity.pid, signal) != 0) return ErrnoError(errno, "kill");
    return Ok();
  }
  int KillByEnvironment(std::string_view variable) override {
    return os::KillByEnvironment(variable);
  }
  void RemoveGroup(const std::string& folder) override {
    // Only what our shims make: the name came from a file that the run's own user can write.
    if (folder.starts_with("/sys/fs/cgroup/") && folder.find("/runwright-") != std::string::npos)
      rmdir(folder.c_str());
  }
};

void DrainInto(std::string& out, const char* data, size_t n) {
  if (out.size() < kMaxCaptured) out.append(data, std::min(n, kMaxCaptured - out.size()));
}
}  // namespace

ProcessLauncher& PosixProcessLauncher() {
  static PosixLauncher launcher;
  return launcher;
}

Result<ProcessIdentity> IdentityOf(int pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/stat";
  std::string stat = TRY(ReadFile(PosixFileSystem(), path));
  size_t after_name = stat.rfind(')');
  if (after_name == std::string::npos) return Error(Code::kInternal, path + " has no name");
  std::vector<std::string> fields = Split(Trim(std::string_view(stat).substr(after_name + 1)), ' ');
  if (fields.size() < 20) return Error(Code::kInternal, path + " is short");
  if (fields[0] == "Z" || fields[0] == "X")
    return Error(Code::kNotFound, "process " + std::to_string(pid) + " has ended");
  return ProcessIdentity{pid, static_cast<uint64_t>(ParseInt(fields[19]).value_or(0)), BootId()};
}

int KillByEnvironment(std::string_view variable) {
  FileSystem& fs = PosixFileSystem();
  int killed = 0;
  auto entries = fs.List("/proc");
  if (!entries) return 0;
  for (const DirEntry& entry : *entries) {
    auto pid = ParseInt(entry.name);
    if (!pid || *pid == getpid()) continue;
    auto environment = ReadFile(fs, "/proc/" + entry.name + "/environ");
    if (!environment || !HasVariable(*environment, variable)) continue;
    if (kill(static_cast<pid_t>(*pid), SIGKILL) == 0) killed++;
  }
  return killed;
}

std::string BootId() {
  static const std::string kId = [] {
    auto text = ReadFile(PosixFileSystem(), "/proc/sys/kernel/random/boot_id");
    return text ? std::string(Trim(*text)) : std::string("unknown");
  }();
  return kId;
}

std::string SelfPath() {
  auto path = PosixFileSystem().ReadLink("/proc/self/exe");
  return path ? *path : std::string();
}

Result<CommandResult> RunCommand(const LaunchSpec& spec, int64_t timeout_ms) {
  std::vector<char*> argv = CStrings(spec.argv);
  std::vector<char*> env = CStrings(spec.environment);
  int out[2];
  int err[2];
  int failed[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 || pipe2(failed, O_CLOEXEC) != 0)
    return ErrnoError(errno, "pipe");
  pid_t child = vfork();
  if (child == 0) {
    setsid();
    ExecChild(spec, argv.data(), env.data(), out[1], err[1], failed[1]);
  }
  int fork_error = errno;
  close(out[1]);
  close(err[1]);
  close(failed[1]);
  CommandResult result;
  int exec_error = 0;
  bool started = child > 0 && read(failed[0], &exec_error, sizeof exec_error) != sizeof exec_error;
  int64_t deadline = SystemClock().BootMicros() + timeout_ms * 1000;
  bool timed_out = false;
  pollfd fds[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  while (started && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
    int64_t left = (deadline - SystemClock().BootMicros()) / 1000;
    if (left <= 0) {
      timed_out = true;
      kill(-child, SIGKILL);
      break;
    }
    if (poll(fds, 2, static_cast<int>(std::min<int64_t>(left, INT_MAX))) <= 0) continue;
    for (int i = 0; i < 2; i++) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[8192];
      ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
      if (n > 0) {
        DrainInto(i == 0 ? result.out : result.err, buffer, static_cast<size_t>(n));
      } else if (n == 0 || errno != EINTR) {
        fds[i].fd = -1;
      }
    }
  }
  int status = 0;
  if (child > 0) {
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  for (int fd : {out[0], err[0], failed[0]}) close(fd);
  if (child < 0) return ErrnoError(fork_error, "fork");
  if (!started) return ErrnoError(exec_error, "start " + spec.argv[0]);
  if (timed_out)
    return Error(Code::kDeadlineExceeded,
                 spec.argv[0] + " did not end within " + std::to_string(timeout_ms / 1000) + " s");
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace rw::os
