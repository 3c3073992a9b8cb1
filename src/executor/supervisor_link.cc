#include "executor/supervisor_link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/strings.h"
#include "net/asio_loop.h"
#include "os/process.h"

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
    int killed = os::KillByEnvironment("RUNWRIGHT_RUN_DIR=" + folder_.root);
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

}  // namespace rw::executor
