#include "net/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "net/asio_loop_impl.h"
#include "os/socket_path.h"

namespace rw::net {
namespace {
namespace asio = boost::asio;
using asio::ip::tcp;
constexpr std::chrono::seconds kConnectTimeout{10};

Error Unreachable(const std::string& name, int err) {
  std::string cause = err == ECONNREFUSED ? "nobody listens there" : std::strerror(err);
  return Error(Code::kUnavailable, "cannot connect to " + name + ": " + cause);
}

Result<int> ConnectUnix(const std::string& path) {
  auto name = os::SocketPath::For(path);
  if (!name) return Error(Code::kUnavailable, "cannot connect to " + path + ": no such socket");
  sockaddr_un address{.sun_family = AF_UNIX};
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", name->text().c_str());
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError(errno, "socket");
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  int saved = errno;
  close(fd);
  return Unreachable(path, saved);
}

class Attempt final : public Dial, public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(AsioLoop& loop, const Url& url, Callback done)
      : loop_(loop), url_(url), done_(std::move(done)) {}

  void Begin() {
    auto self = shared_from_this();
    timer_ = loop_.After("net.dial_timeout", kConnectTimeout, [self] {
      self->timer_ = 0;
      self->Finish(Unreachable(self->url_.Authority(), ETIMEDOUT));
    });
    if (!url_.unix_path.empty()) {
      loop_.Post("net.dial", [self] { self->DialUnix(); });
      return;
    }
    boost::system::error_code ec;
    auto literal = asio::ip::make_address(url_.host, ec);
    if (!ec) {
      endpoints_.emplace_back(literal, url_.port);
      loop_.Post("net.dial", [self] { self->Next(ECONNREFUSED); });
      return;
    }
    resolver_.emplace(*loop_.impl().io);
    resolver_->async_resolve(
        url_.host, std::to_string(url_.port),
        [self](boost::system::error_code error, tcp::resolver::results_type r) {
          self->Resolved(error.message(), error.failed(), r);
        });
  }
  void Abandon() {
    done_ = nullptr;
    if (timer_ != 0) loop_.Cancel(timer_);
    timer_ = 0;
    if (resolver_) resolver_->cancel();
    socket_.reset();
  }

 private:
  void Resolved(const std::string& cause, bool failed, const tcp::resolver::results_type& results) {
    if (failed)
      return Finish(Error(Code::kUnavailable, "cannot find host " + url_.host + ": " + cause));
    for (const auto& entry : results) endpoints_.push_back(entry.endpoint());
    Next(EADDRNOTAVAIL);
  }

  void DialUnix() {
    auto fd = ConnectUnix(url_.unix_path);
    if (!fd) return Finish(fd.error());
    Finish(LoopSocket::Adopt(loop_, *fd));
  }

  /// Tries the next address; `err` is why the one before it failed.
  void Next(int err) {
    while (done_ && next_ < endpoints_.size()) {
      const tcp::endpoint& endpoint = endpoints_[next_++];
      int fd = socket(endpoint.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (fd < 0) {
        err = errno;
        continue;
      }
      TuneTcp(fd);
      if (connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 &&
          errno != EINPROGRESS) {
        err = errno;
        close(fd);
        continue;
      }
      auto adopted = LoopSocket::Adopt(loop_, fd);
      if (!adopted) return Finish(adopted.error());
      socket_ = *std::move(adopted);
      socket_->WhenWritable([self = shared_from_this()] { self->Connected(); });
      return;
    }
    Finish(Unreachable(url_.Authority(), err));
  }

  void Connected() {
    if (!done_) return;
    int err = 0;
    socklen_t size = sizeof err;
    getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &err, &size);
    if (err == 0) return Finish(std::move(socket_));
    socket_.reset();
    Next(err);
  }

  void Finish(Result<std::unique_ptr<LoopSocket>> result) {
    if (!done_) return;
    Callback done = std::move(done_);
    Abandon();
    done(std::move(result));
  }

  AsioLoop& loop_;
  Url url_;
  Callback done_;
  TimerId timer_ = 0;
  std::optional<tcp::resolver> resolver_;
  std::vector<tcp::endpoint> endpoints_;
  size_t next_ = 0;
  std::unique_ptr<LoopSocket> socket_;
};

class Handle final : public Dial {
 public:
  explicit Handle(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  ~Handle() override { attempt_->Abandon(); }

 private:
  std::shared_ptr<Attempt> attempt_;
};
}  // namespace

std::unique_ptr<Dial> Dial::Start(AsioLoop& loop, const Url& url, Callback done) {
  auto attempt = std::make_shared<Attempt>(loop, url, std::move(done));
  attempt->Begin();
  return std::make_unique<Handle>(std::move(attempt));
}

void TuneTcp(int fd) {
  auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

bool IsServed(const std::string& unix_path) {
  auto fd = ConnectUnix(unix_path);
  if (fd) close(*fd);
  return fd.has_value();
}

}  // namespace rw::net
