// Where a server listens, and where it is reached.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rw::server {

struct ListenAddress {
  std::string host;
  uint16_t port = 0;  // 0: any that is free
};

/// "127.0.0.1:0", "[::1]:8080".
Result<ListenAddress> ParseListen(const std::string& text);
/// The opposite.
std::string HostPort(const std::string& host, uint16_t port);
/// Where clients of this machine reach a server that listens there.
std::string UrlOf(const std::string& host, uint16_t port);

}  // namespace rw::server
