// A non-blocking socket whose readiness the loop reports. Reading and writing are plain system
// calls of the owner, so that everything above compiles without Asio.
#pragma once

#include <memory>

#include "base/loop.h"
#include "base/result.h"

namespace rw::net {

class AsioLoop;

/// From the loop's thread.
class LoopSocket {
 public:
  /// Takes over fd, which must be non-blocking; fd is closed on an error too.
  static Result<std::unique_ptr<LoopSocket>> Adopt(AsioLoop& loop, int fd);
  ~LoopSocket();
  int fd() const { return fd_; }
  /// Calls `task` once. One of each kind waits at a time. What waits is dropped uncalled by Close.
  void WhenReadable(Task task);
  void WhenWritable(Task task);
  void Close();
  bool closed() const { return fd_ < 0; }

 private:
  struct Impl;
  LoopSocket(std::unique_ptr<Impl> impl, int fd);
  std::unique_ptr<Impl> impl_;
  int fd_;
};

}  // namespace rw::net
