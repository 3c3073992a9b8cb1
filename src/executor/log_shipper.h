// Sends one log file as it grows: bytes, not lines, what is new at once, one request in flight.
// Where its answer takes long (the server's disk is slow), newer bytes are sent ahead as previews:
// followers see them in time, and they are shipped when it is their turn.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "executor/context.h"
#include "executor/lifetime.h"
#include "executor/offsets.h"
#include "executor/server_link.h"
#include "executor/watcher.h"

namespace rw::executor {

class LogShipper {
 public:
  /// `name` is the log's name in the run; the file need not be there yet.
  LogShipper(Context& context, ServerLink& server, Offsets& offsets, FileWatcher* watcher,
             std::string run_id, std::string name, std::string path);

  /// Watches the file, or looks every 20 ms where it cannot be watched.
  void Start();
  /// Looks for new bytes.
  void Pump();
  /// `done` once every byte that is there when it is called is acked. The file is not watched any
  /// more.
  void Finish(Task done);

  uint64_t acked() const { return acked_; }

 private:
  Result<std::string> ReadFrom(uint64_t offset);
  std::string NewBytes(uint64_t offset);
  net::Request RequestTo(const std::string& route, uint64_t offset, std::string bytes) const;
  void Send(std::string bytes);
  void PreviewLater();
  void Preview();
  void Answered(uint64_t sent_at, const net::Response& response);
  void PollLater();

  Context& context_;
  ServerLink& server_;
  Offsets& offsets_;
  FileWatcher* watcher_;
  std::string run_id_;
  std::string name_;
  std::string path_;
  std::unique_ptr<os::File> file_;
  std::shared_ptr<void> watch_;
  uint64_t acked_;
  bool sending_ = false;
  uint64_t ships_ = 0;  // sent so far: what was planned for an earlier one does nothing
  uint64_t shown_ = 0;  // while sending_: what followers have
  bool previewing_ = false;
  bool finishing_ = false;
  Task done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
