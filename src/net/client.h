// Outgoing HTTP/1.1 to one peer over kept-alive connections (Boost.Beast inside client.cc only).
#pragma once

#include <memory>
#include <string>

#include "net/http.h"

namespace rw::net {

class AsioLoop;

struct TransportOptions {
  uint64_t inline_limit = 1 << 20;  // bodies of answers above it go to owned files in spool_dir
  std::string spool_dir;            // empty: $TMPDIR, else /tmp
};

/// "http://127.0.0.1:4242" or "unix:/run/dir/exec.sock".
Result<std::unique_ptr<Transport>> MakeHttpTransport(AsioLoop& loop, const std::string& url,
                                                     TransportOptions options = {});

/// Server-sent events: `on_event(event, id, data)` for each; false stops. `done` once, with the
/// reason. Bytes are parsed as they come; a follower sees an event in the same loop turn as its
/// last byte.
class EventStream {
 public:
  virtual ~EventStream() = default;  // stops it
  using OnEvent =
      std::function<bool(const std::string& event, const std::string& id, const std::string& data)>;
  static std::unique_ptr<EventStream> Start(AsioLoop& loop, const std::string& url, Request request,
                                            OnEvent on_event, std::function<void(Status)> done);
};

}  // namespace rw::net
