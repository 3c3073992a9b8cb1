#include "os/stream_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "os/c_strings.h"

namespace rw::os {
namespace {
constexpr size_t kMostStdout = size_t{64} << 20;

struct Pipe {
  int read = -1;
  int write = -1;
  Status Open() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
    read = fds[0];
    write = fds[1];
    return Ok();
  }
  /// A read at its end, when nobody has it open any more, is EIO.
  bool OpenTerminal() {
    read = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];
    if (read >= 0 && grantpt(read) == 0 && unlockpt(read) == 0 &&
        ptsname_r(read, name, sizeof name) == 0)
      write = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios how;
    if (write >= 0 && tcgetattr(write, &how) == 0) {
      cfmakeraw(&how);
      if (tcsetattr(write, TCSANOW, &how) == 0) return true;
    }
    CloseRead();
    CloseWrite();
    return false;
  }
  void CloseRead() { Close(read); }
  void CloseWrite() { Close(write); }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  static void Close(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
};

/// In the child, between vfork and exec: only async-signal-safe calls.
[[noreturn]] void Exec(const LaunchSpec& spec, char* const* argv, char* const* env, int out,
                       int err, int failed) {
  setsid();
  prctl(PR_SET_PDEATHSIG,
        SIGKILL);  // the thread that forked waits for the child, so it means the process
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  int input = open("/dev/null", O_RDONLY);
  if (input >= 0 && dup2(input, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
      (spec.working_dir.empty() || chdir(spec.working_dir.c_str()) == 0)) {
    if (input > 2) close(input);
    execve(argv[0], argv, env);
  }
  int code = errno;
  [[maybe_unused]] ssize_t n = write(failed, &code, sizeof code);
  _exit(127);
}

/// Shared by the handle, the thread and the posted callbacks.
struct Shared {
  Loop& loop;
  StreamProcess::Callbacks callbacks;  // touched on the loop's thread only
  bool dropped = false;                // likewise
  std::mutex mutex;
  pid_t pid = 0;  // 0: not yet started, or reaped
  bool killed = false;

  void Kill() {
    std::lock_guard lock(mutex);
    killed = true;
    if (pid > 0) kill(-pid, SIGKILL);
  }
};

class Thread {
 public:
  Thread(std::shared_ptr<Shared> shared, LaunchSpec spec, StreamStderr kind)
      : shared_(std::move(shared)), spec_(std::move(spec)), kind_(kind) {}

  void operator()() {
    Result<CommandResult> result = Run();
    shared_->loop.Post("process.exit", [shared = shared_, result = std::move(result)]() mutable {
      if (!shared->dropped && shared->callbacks.on_exit)
        shared->callbacks.on_exit(std::move(result));
    });
  }

 private:
  Result<CommandResult> Run() {
    Pipe out;
    Pipe err;
    Pipe failed;
    TRY(out.Open());
    if (kind_ == StreamStderr::kPipe || !err.OpenTerminal()) TRY(err.Open());
    TRY(failed.Open());
    pid_t child = TRY(Spawn(out, err, failed));
    CommandResult result;
    int exec_error = 0;
    bool started = read(failed.read, &exec_error, sizeof exec_error) != sizeof exec_error;
    if (started) Follow(out, err, result);
    result.exit_code = Reap(child);
    if (!started) return ErrnoError(exec_error, "start " + spec_.argv[0]);
    return result;
  }

  Result<pid_t> Spawn(Pipe& out, Pipe& err, Pipe& failed) {
    std::vector<char*> argv = CStrings(spec_.argv);
    std::vector<char*> env = CStrings(spec_.environment);
    std::lock_guard lock(shared_->mutex);
    if (shared_->killed)
      return Error(Code::kCanceled, spec_.argv[0] + " was not started: canceled");
    pid_t child = vfork();
    if (child == 0) Exec(spec_, argv.data(), env.data(), out.write, err.write, failed.write);
    if (child < 0) return ErrnoError(errno, "fork for " + spec_.argv[0]);
    shared_->pid = child;
    out.CloseWrite();
    err.CloseWrite();
    failed.CloseWrite();
    return child;
  }

  void Follow(Pipe& out, Pipe& err, CommandResult& result) {
    std::vector<char> buffer(64 << 10);
    while (out.read >= 0 || err.read >= 0) {
      pollfd fds[2] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
      for (int i = 0; i < 2; i++) {
        if (fds[i].fd < 0 || fds[i].revents == 0) continue;
        ssize_t n = read(fds[i].fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
          (i == 0 ? out : err).CloseRead();
        } else if (i == 0) {
          if (result.out.size() < kMostStdout)
            result.out.append(buffer.data(), static_cast<size_t>(n));
        } else {
          PostStderr(std::string(buffer.data(), static_cast<size_t>(n)));
        }
      }
    }
  }

  void PostStderr(std::string bytes) {
    shared_->loop.Post("process.stderr", [shared = shared_, bytes = std::move(bytes)]() mutable {
      if (!shared->dropped && shared->callbacks.on_stderr)
        shared->callbacks.on_stderr(std::move(bytes));
    });
  }

  int Reap(pid_t child) {
    // Wait without reaping first: while the zombie is there its pid cannot be another's when Kill
    // uses it.
    siginfo_t info;
    while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    std::lock_guard lock(shared_->mutex);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    shared_->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::shared_ptr<Shared> shared_;
  LaunchSpec spec_;
  StreamStderr kind_;
};

class ThreadedProcess final : public StreamProcess {
 public:
  ThreadedProcess(std::shared_ptr<Shared> shared, LaunchSpec spec, StreamStderr kind)
      : shared_(std::move(shared)), thread_(Thread(shared_, std::move(spec), kind)) {}
  ~ThreadedProcess() override {
    shared_->dropped = true;
    shared_->Kill();
    thread_.join();
  }
  void Kill() override { shared_->Kill(); }

 private:
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};
}  // namespace

std::unique_ptr<StreamProcess> StartStreamProcess(Loop& loop, LaunchSpec spec,
                                                  StreamProcess::Callbacks callbacks,
                                                  StreamStderr kind) {
  CHECK(!spec.argv.empty());
  std::shared_ptr<Shared> shared(new Shared{.loop = loop, .callbacks = std::move(callbacks)});
  return std::make_unique<ThreadedProcess>(std::move(shared), std::move(spec), kind);
}

}  // namespace rw::os
