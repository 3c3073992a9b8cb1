// Where a peer is.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rw::net {

/// "http://127.0.0.1:4242", "http://[::1]:4242/prefix" or "unix:/run/dir/exec.sock".
struct Url {
  std::string host;  // without brackets
  uint16_t port = 80;
  std::string prefix;     // before every path; no '/' at its end
  std::string unix_path;  // where set, nothing else is
  /// For the Host header and for messages: "127.0.0.1:4242".
  std::string Authority() const;
};

/// kInvalidArgument names what is wrong; https is kUnsupported.
Result<Url> ParseUrl(const std::string& text);

/// "127.0.0.1:0" or "[::1]:80" → host and port.
Result<Url> ParseHostPort(const std::string& text);

}  // namespace rw::net
