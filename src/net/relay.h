// The raw relay behind a run's exec.sock: each connection carries one request, whose head is
// rewritten and whose bytes are then pumped both ways, so that bodies of any size and event streams
// pass through in constant memory.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "net/http.h"

namespace rw::net {

class AsioLoop;

/// The request goes to the server with these fields set (those of the same name are replaced).
struct Forward {
  Headers set;
};
/// Answered here, the body unread.
struct Respond {
  Response response;
};
/// Answered here, with the whole body (at most 1 MiB, else 413).
struct Intercept {
  Handler handler;
};
using RelayDecision = std::variant<Forward, Respond, Intercept>;

struct RelayOptions {
  std::string socket_path;              // of any length; mode 0600
  std::function<std::string()> server;  // where to dial now: "http://127.0.0.1:4242"
  std::function<RelayDecision(const Request& head)> decide;
};

/// Each connection serves one request (`Connection: close`). A server that cannot be reached is
/// answered with 503 and kUnavailable.
class Relay {
 public:
  virtual ~Relay() = default;  // ends its connections
  static Result<std::unique_ptr<Relay>> Listen(AsioLoop& loop, RelayOptions options);
};

}  // namespace rw::net
