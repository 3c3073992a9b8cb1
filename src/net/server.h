// HTTP/1.1 over TCP or a unix socket (Boost.Beast inside server.cc only).
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "net/http.h"

namespace rw::net {

struct ServerOptions {
  std::string host = "127.0.0.1";  // TCP
  uint16_t port = 0;               // 0: a free one
  std::string unix_path;           // where set: a unix socket (any length of path), mode 0600
  std::string spool_dir;           // bodies over inline_limit go to files here
  uint64_t inline_limit = 1 << 20;
  uint64_t body_limit = uint64_t{1} << 44;
  int idle_timeout_s = 60;  // no bytes of a request head or body for this long: closed
  int max_connections = 4096;
};

/// Serves until destroyed. Slow, half-open and oversized peers are bounded in memory and time.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual std::string address() const = 0;  // "127.0.0.1:41234" or the unix path
  virtual uint16_t port() const = 0;
  /// Decides, from the head alone, before a body is read: an error is answered at once and the
  /// connection closed (401 without reading 5 GB). Not asked where all of a request is there with
  /// its head: the handler, which has to decide in any case, is as early.
  using HeadCheck = std::function<Status(const Request& head)>;
  static Result<std::unique_ptr<HttpServer>> Listen(class AsioLoop& loop, ServerOptions options,
                                                    HeadCheck check, Handler handler);
};

}  // namespace rw::net
