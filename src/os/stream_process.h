// A child program whose output is followed while it runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/loop.h"
#include "os/process.h"

namespace rw::os {

/// Leader of its own session, so that Kill reaches what it started; killed by the kernel when this
/// process dies (its own children are not: they see closed pipes).
class StreamProcess {
 public:
  /// Both on the loop's thread, `on_exit` last and exactly once, unless the handle was dropped
  /// before.
  struct Callbacks {
    /// Bytes of stderr as they come.
    std::function<void(std::string)> on_stderr;
    /// Exit code (128 + signal when killed) and all of stdout, up to 64 MiB; an error when the
    /// program could not be started.
    std::function<void(Result<CommandResult>)> on_exit;
  };
  virtual ~StreamProcess() = default;  // kills what still runs, waits for it, calls back no more
  /// SIGKILL to the whole session's group; on_exit follows.
  virtual void Kill() = 0;
};

enum class StreamStderr {
  kPipe,
  /// A pseudo-terminal of unknown size, bytes as they are written (no carriage returns added),
  /// which is not the child's controlling terminal: for programs that show how far they are to
  /// terminals only. A pipe where the machine has no pseudo-terminal left.
  kTerminal,
};

/// stdout_path and stderr_path of `spec` are ignored. One thread a process: for few, long-lived
/// children.
std::unique_ptr<StreamProcess> StartStreamProcess(Loop& loop, LaunchSpec spec,
                                                  StreamProcess::Callbacks callbacks,
                                                  StreamStderr kind = StreamStderr::kPipe);

}  // namespace rw::os
