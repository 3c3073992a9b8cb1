// Connecting to a peer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/loop_socket.h"
#include "net/url.h"

namespace rw::net {

/// A connection attempt; destroying it ends it uncalled.
class Dial {
 public:
  virtual ~Dial() = default;
  using Callback = std::function<void(Result<std::unique_ptr<LoopSocket>>)>;
  /// `done` once, never from within Start; kUnavailable names the address. Addresses of a name are
  /// tried in turn. Without an answer for 10 s it fails.
  static std::unique_ptr<Dial> Start(AsioLoop& loop, const Url& url, Callback done);
};

/// No delay for small writes; a peer that vanished without a word is noticed within a minute.
void TuneTcp(int fd);

/// Does somebody accept connections at this unix socket? Never blocks.
bool IsServed(const std::string& unix_path);

}  // namespace rw::net
