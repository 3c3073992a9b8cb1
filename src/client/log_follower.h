// A run's logs and status as they come, over dropped connections and server restarts.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "client/api.h"

namespace rw::client {

struct FollowOptions {
  std::string name;    // one log; "" for all
  bool follow = true;  // false: what is there, then the end
  /// How long a server that does not answer is waited for.
  std::chrono::seconds patience{60};
  /// Asked before every new try: where the server is by now, "" where nothing is known. It takes
  /// the same token.
  std::function<std::string()> find_server;
};

struct FollowEvents {
  std::function<void(const std::string& name, const std::string& bytes)> on_log;
  std::function<void(const std::string& status, const std::string& reason)> on_status;
  /// Asked between events; true ends the following (kCanceled).
  std::function<bool()> wants_to_stop;
};

/// Blocks until the run is over and every byte was seen. Returns the last status ("Completed", …).
/// Each byte is given once and in order, whatever the connection does.
Result<std::string> FollowLogs(Api& api, const std::string& run_id, const FollowOptions& options,
                               const FollowEvents& events);

}  // namespace rw::client
