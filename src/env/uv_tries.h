// How often uv is started for one command, with the network and without it. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace rw::env {

/// How a try after the first goes on.
struct UvTry {
  bool offline = false;
  int64_t delay_ms = 0;
  int http_retries = 0;  // of uv's own
};

/// The next try after `failed` ones, the last of which said `words`; false when there is none.
/// First once online without uv's own retries (a machine without network then loses milliseconds,
/// not 10 s); nobody reached: uv's cache alone; then twice more online.
bool NextTry(const std::vector<UvTry>& failed, std::string_view words, int64_t retry_delay_ms,
             UvTry* next);

}  // namespace rw::env
