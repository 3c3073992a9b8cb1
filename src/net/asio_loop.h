// The real loop and pool.
#pragma once

#include <memory>

#include "base/loop.h"

namespace rw::net {

class AsioLoop final : public Loop {
 public:
  AsioLoop();
  ~AsioLoop() override;
  void Post(std::string_view name, Task task) override;
  TimerId After(std::string_view name, std::chrono::microseconds delay, Task task) override;
  void Cancel(TimerId timer) override;
  /// Until Stop. The calling thread becomes the loop's.
  void Run();
  void Stop();
  /// SIGTERM and SIGINT call `task` on the loop.
  void OnTerminate(Task task);
  /// Calls `task` whenever fd is readable, until the returned watch is destroyed. fd stays the
  /// caller's.
  std::shared_ptr<void> WatchReadable(int fd, Task task);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// `threads` workers; destroyed after the work at hand.
std::unique_ptr<WorkerPool> MakeThreadPool(Loop& loop, int threads);

}  // namespace rw::net
