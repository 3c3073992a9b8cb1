#include "net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "net/asio_loop.h"
#include "net/dial.h"
#include "net/url.h"
#include "os/socket_path.h"

namespace rw::net {
namespace {
constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};

std::string PeerName(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (address.ss_family == AF_UNIX) return "unix";
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, port,
                  sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "?";
  return std::string(host) + ":" + port;
}

Result<int> BindTcp(const addrinfo& address, const std::string& name) {
  int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError(errno, "socket");
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  int saved = errno;
  close(fd);
  if (saved == EADDRINUSE)
    return Error(Code::kConflict,
                 "address " + name + " is in use by another program; choose another port");
  return ErrnoError(saved, "listen on " + name);
}

Result<int> BindUnix(const std::string& path) {
  os::SocketPath name = TRY(os::SocketPath::For(path));
  sockaddr_un address{.sun_family = AF_UNIX};
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", name.text().c_str());
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError(errno, "socket");
  // Nobody can connect before listen, so the mode is right from the first moment.
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      chmod(path.c_str(), 0600) == 0 && listen(fd, kBacklog) == 0)
    return fd;
  int saved = errno;
  close(fd);
  return ErrnoError(saved, "listen on " + path);
}
}  // namespace

Listener::Listener(AsioLoop& loop, OnPeer on_peer) : loop_(loop), on_peer_(std::move(on_peer)) {}

Listener::~Listener() {
  *alive_ = false;
  struct stat info;
  if (!unix_path_.empty() && stat(unix_path_.c_str(), &info) == 0 && info.st_ino == inode_)
    unlink(unix_path_.c_str());
}

Result<std::unique_ptr<Listener>> Listener::Tcp(AsioLoop& loop, const std::string& host,
                                                uint16_t port, OnPeer on_peer) {
  Url wanted{.host = host, .port = port};
  addrinfo hints{.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  int rc = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (rc != 0)
    return Error(Code::kInvalidArgument,
                 "cannot listen on " + wanted.Authority() + ": " + gai_strerror(rc));
  auto fd = BindTcp(*found, wanted.Authority());
  freeaddrinfo(found);
  if (!fd) return fd.error();
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(on_peer)));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(*fd, reinterpret_cast<sockaddr*>(&bound), &size);
  listener->port_ =
      ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                        : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  wanted.port = listener->port_;
  listener->address_ = wanted.Authority();
  TRY(listener->Serve(*fd));
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::Unix(AsioLoop& loop, const std::string& path,
                                                 OnPeer on_peer) {
  if (IsServed(path)) return Error(Code::kConflict, path + " is served by another process");
  std::string fresh = path + "." + std::to_string(getpid());
  unlink(fresh.c_str());
  int fd = TRY(BindUnix(fresh));
  struct stat info {};
  stat(fresh.c_str(), &info);
  if (rename(fresh.c_str(), path.c_str()) != 0) {
    int saved = errno;
    close(fd);
    unlink(fresh.c_str());
    return ErrnoError(saved, "name the socket " + path);
  }
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(on_peer)));
  listener->address_ = path;
  listener->unix_path_ = path;
  listener->inode_ = info.st_ino;
  TRY(listener->Serve(fd));
  return listener;
}

Status Listener::Serve(int fd) {
  socket_ = TRY(LoopSocket::Adopt(loop_, fd));
  Arm();
  return Ok();
}

void Listener::Arm() {
  socket_->WhenReadable([this, alive = alive_] {
    if (*alive) AcceptAll();
  });
}

void Listener::AcceptAll() {
  std::shared_ptr<bool> alive = alive_;
  while (*alive) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int fd = accept4(socket_->fd(), reinterpret_cast<sockaddr*>(&address), &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Arm();
    if (fd < 0) {
      LOG_WARN("net.accept_failed", {"error", std::strerror(errno)});
      loop_.After("net.accept_again", kPauseWithoutDescriptors, [this, alive] {
        if (*alive) AcceptAll();
      });
      return;
    }
    if (address.ss_family != AF_UNIX) TuneTcp(fd);
    auto socket = LoopSocket::Adopt(loop_, fd);
    if (socket) on_peer_(*std::move(socket), PeerName(address, size));
  }
}

}  // namespace rw::net
