// One thread of control for network, timers and state. State owned by a loop needs no lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace rw {

using Task = std::function<void()>;
using TimerId = uint64_t;

class Loop {
 public:
  virtual ~Loop() = default;
  /// Runs `task` on the loop's thread, after what was posted before. From any thread. `name` is a
  /// literal, for traces and histograms.
  virtual void Post(std::string_view name, Task task) = 0;
  /// Once, not before `delay` (monotonic). From the loop's thread only.
  virtual TimerId After(std::string_view name, std::chrono::microseconds delay, Task task) = 0;
  /// No effect on a timer that ran. From the loop's thread only.
  virtual void Cancel(TimerId timer) = 0;
};

/// Blocking work off the loop: `work` on some thread, then `done` on the loop's. Queue order; no
/// order between works. The simulator's runs work inline at a later virtual time.
class WorkerPool {
 public:
  virtual ~WorkerPool() = default;
  virtual void Run(std::string_view name, Task work, Task done) = 0;
};

}  // namespace rw
