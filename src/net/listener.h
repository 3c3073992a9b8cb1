// A listening socket, TCP or unix, and the accepting of peers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/loop_socket.h"

namespace rw::net {

class Listener {
 public:
  using OnPeer = std::function<void(std::unique_ptr<LoopSocket> socket, std::string peer)>;
  /// Port 0: a free one. kConflict when the address is in use.
  static Result<std::unique_ptr<Listener>> Tcp(AsioLoop& loop, const std::string& host,
                                               uint16_t port, OnPeer on_peer);
  /// Mode 0600. A socket there that nobody serves any more is replaced, without a moment in which
  /// the name is absent; a served one is kConflict.
  static Result<std::unique_ptr<Listener>> Unix(AsioLoop& loop, const std::string& path,
                                                OnPeer on_peer);
  ~Listener();
  const std::string& address() const { return address_; }
  uint16_t port() const { return port_; }

 private:
  Listener(AsioLoop& loop, OnPeer on_peer);
  Status Serve(int fd);
  void Arm();
  void AcceptAll();

  AsioLoop& loop_;
  OnPeer on_peer_;
  std::unique_ptr<LoopSocket> socket_;
  std::string address_;
  uint16_t port_ = 0;
  std::string unix_path_;
  uint64_t inode_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::net
