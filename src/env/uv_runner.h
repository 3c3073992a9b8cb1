// Runs uv, with the network, without it, and again.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "env/command_runner.h"
#include "env/uv_tries.h"
#include "env/variables.h"

namespace rw::env {

struct UvCommand {
  std::vector<std::string> arguments;  // after the program's name
  Variables variables;
  std::string working_dir;
  /// What uv is doing, four times a second at most: "downloading tensorflow 203/475 MB"; may be
  /// empty.
  std::function<void(std::string_view)> step;
  int64_t limit_ms = 0;  // of each try; 0: none
  bool once = false;     // no further tries
};

struct UvOutcome {
  bool ok = false;
  std::string out;    // stdout
  std::string words;  // stderr of the try that counts, passwords masked
};

/// On the loop's thread. A few at once, the others wait their turn. Its end kills what runs.
class UvRunner {
 public:
  using Log = std::function<void(std::string_view)>;
  using Done = std::function<void(Result<UvOutcome>)>;
  /// Changes what is about to be started: uv inside of something else. An error: it cannot be.
  using Wrap = std::function<Status(Command&)>;
  UvRunner(Loop& loop, std::string program, int64_t retry_delay_ms, Wrap wrap = nullptr);
  ~UvRunner();

  /// uv's own lines go to `log` as they come, passwords masked, without its progress bars. An
  /// error: uv could not be started.
  void Run(UvCommand command, Log log, Done done);

 private:
  class Job;
  void Next();
  void Start(const std::shared_ptr<Job>& job);
  void Ended(const std::shared_ptr<Job>& job, Result<CommandOutcome> result);

  Loop& loop_;
  std::string program_;
  int64_t retry_delay_ms_;
  Wrap wrap_;
  std::unique_ptr<CommandRunner> commands_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::shared_ptr<Job>> jobs_;  // begun and not ended
  std::deque<std::shared_ptr<Job>> waiting_;
};

}  // namespace rw::env
