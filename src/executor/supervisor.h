// The shim as the executor sees it (docs/dev/formats/run-folder.md, "Shim").
#pragma once

#include <cstdint>

namespace rw::executor {

/// How the script's main process ended.
struct Outcome {
  enum class Kind { kCode, kSignal, kExecFailed };
  Kind kind = Kind::kCode;
  int number = 0;  // exit code, signal or errno
};

/// Calls are requests: what became of them is told by the listener. From the loop's thread.
class Supervisor {
 public:
  /// The present state comes once after Connect, then each change. Repeats are possible.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnIdle() = 0;
    virtual void OnStarted(int pid, uint64_t start_ticks) = 0;
    virtual void OnExited(Outcome outcome) = 0;
    /// A launch was begun and nobody knows what became of it: it must not be begun again.
    virtual void OnUnknown() = 0;
    /// No process of the script's tree is left. After OnExited.
    virtual void OnGone() = 0;
    /// The shim is dead. What it supervised was killed as far as it could be found.
    virtual void OnLost() = 0;
  };

  virtual ~Supervisor() = default;
  /// From now on `listener` is told; it must outlive this.
  virtual void Connect(Listener& listener) = 0;
  /// Starts what state/launch says, at most once for the life of the run's folder.
  virtual void Launch() = 0;
  /// To the script's whole process tree.
  virtual void Signal(int number) = 0;
  /// SIGKILL to the tree until nothing is left.
  virtual void Kill() = 0;
  /// Everything is shipped: the shim ends when the executor exits with status 0.
  virtual void Bye() = 0;
};

}  // namespace rw::executor
