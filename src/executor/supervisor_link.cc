#include "executor/supervisor_link.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/strings.h"
#include "net/asio_loop.h"

namespace rw::executor {
namespace {

class SupervisorLink final : public Supervisor {
 public:
  SupervisorLink(net::AsioLoop& loop, int fd, RunFolder folder)
      : loop_(loop), fd_(fd), folder_(std::move(folder)) {}
  ~SupervisorLink() override {
    watch_.reset();
    close(fd_);
  }

  void Connect(Listener& listener) override {
    listener_ = &listener;
    watch_ = loop_.WatchReadable(fd_, [this] { Read(); });
  }
  void Launch() override { Send("LAUNCH"); }
  void Signal(int number) override { Send("SIGNAL " + std::to_string(number)); }
  void Kill() override { Send("KILL"); }
  void Bye() override { Send("BYE"); }

 private:
  void Send(const std::string& message) {
    // Blocks at worst while the shim is in a system call; it reads in every turn.
    if (send(fd_, message.data(), message.size(), MSG_NOSIGNAL) < 0)
      LOG_WARN("shim.not_told", {"message", message}, {"errno", errno});
  }

  void Read() {
    char buffer[256];
    while (watch_) {
      ssize_t n = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return Lost();
      Tell(std::string_view(buffer, static_cast<size_t>(n)));
    }
  }

  void Lost() {
    watch_.reset();
    int killed = KillByEnvironment(folder_);
    LOG_ERROR("shim.lost", {"killed", killed});
    listener_->OnLost();
  }

  void Tell(std::string_view message) {
    auto words = Split(message, ' ');
    auto number = [&](size_t i) { return i < words.size() ? ParseInt(words[i]).value_or(0) : 0; };
    if (words[0] == "IDLE") {
      listener_->OnIdle();
    } else if (words[0] == "STARTED") {
      listener_->OnStarted(static_cast<int>(number(1)), static_cast<uint64_t>(number(2)));
    } else if (words[0] == "EXITED" && words.size() > 1) {
      auto kind = words[1] == "code"     ? Outcome::Kind::kCode
                  : words[1] == "signal" ? Outcome::Kind::kSignal
                                         : Outcome::Kind::kExecFailed;
      listener_->OnExited({kind, static_cast<int>(number(2))});
    } else if (words[0] == "UNKNOWN") {
      listener_->OnUnknown();
    } else if (words[0] == "GONE") {
      listener_->OnGone();
    } else {
      LOG_WARN("shim.unknown_message", {"message", message});
    }
  }

  net::AsioLoop& loop_;
  int fd_;
  RunFolder folder_;
  Listener* listener_ = nullptr;
  std::shared_ptr<void> watch_;
};

bool HasVariable(std::string_view environment, std::string_view variable) {
  while (!environment.empty()) {
    size_t end = environment.find('\0');
    if (environment.substr(0, end) == variable) return true;
    environment.remove_prefix(end == std::string_view::npos ? environment.size() : end + 1);
  }
  return false;
}
}  // namespace

Result<std::unique_ptr<Supervisor>> MakeSupervisorLink(net::AsioLoop& loop, int fd,
                                                       RunFolder folder) {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
    return Error(Code::kInvalidArgument,
                 "descriptor " + std::to_string(fd) +
                     " is no link to a supervisor; executors are started by runwright-shim");
  return std::make_unique<SupervisorLink>(loop, fd, std::move(folder));
}

int KillByEnvironment(const RunFolder& folder) {
  os::FileSystem& fs = os::PosixFileSystem();
  std::string variable = "RUNWRIGHT_RUN_DIR=" + folder.root;
  int killed = 0;
  auto entries = fs.List("/proc");
  if (!entries) return 0;
  for (const os::DirEntry& entry : *entries) {
    auto pid = ParseInt(entry.name);
    if (!pid || *pid == getpid()) continue;
    auto environment = os::ReadFile(fs, "/proc/" + entry.name + "/environ");
    if (!environment || !HasVariable(*environment, variable)) continue;
    if (kill(static_cast<pid_t>(*pid), SIGKILL) == 0) killed++;
  }
  return killed;
}

}  // namespace rw::executor
