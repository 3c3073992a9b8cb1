// What waits to be sent on one socket: bytes and ranges of files, in order.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "net/http.h"
#include "os/file_system.h"

namespace rw::net {

class Outbox {
 public:
  enum class Progress { kDone, kBlocked, kYield, kFailed };

  void Push(std::string bytes);
  /// Opens the file at once, so that a missing one is known before a head is sent.
  Status Push(const Body& body);
  /// Everything of `other`, after what is here.
  void Append(Outbox other);
  /// Sends what the socket takes now, at most 1 MiB (then kYield: give others the loop first).
  Progress Flush(int fd);
  /// Unsent bytes.
  uint64_t pending() const { return pending_; }
  /// Since the start.
  uint64_t sent() const { return sent_; }
  void Clear();

 private:
  struct Item {
    std::string bytes;
    size_t at = 0;
    std::unique_ptr<os::File> file;
    std::shared_ptr<FileBody> body;
    uint64_t offset = 0;
    uint64_t left = 0;
  };
  /// Bytes sent, 0 when the socket is full, -1 on a failure.
  static int64_t SendSome(int fd, Item& item);

  std::deque<Item> items_;
  uint64_t pending_ = 0;
  uint64_t sent_ = 0;
};

}  // namespace rw::net
