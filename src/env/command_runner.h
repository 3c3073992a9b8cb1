// Child programs whose words are followed; tests put a fake in its place.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "env/variables.h"

namespace rw::env {

struct Command {
  std::vector<std::string> argv;  // argv[0] is the program's path
  Variables variables;
  std::string working_dir = "/";
  int64_t limit_ms = 3'600'000;  // then it is killed; 0: never
  /// Set: stderr is a terminal, and this makes whole lines of what is painted on it.
  std::function<std::string(std::string_view)> screen;
};

struct CommandOutcome {
  int code = 0;       // 128 + signal when killed
  std::string out;    // stdout
  std::string words;  // the last 256 KiB of stderr, passwords in URLs masked
  bool cut = false;   // `log` did not get all of them
};

/// Of what a program said.
std::string LastLine(std::string_view words);

/// On the loop's thread. Its end kills what runs; nothing is called back then.
class CommandRunner {
 public:
  using Log = std::function<void(std::string_view)>;
  using Done = std::function<void(Result<CommandOutcome>)>;
  virtual ~CommandRunner() = default;
  /// Whole lines of stderr, free of control codes, go to `log` (may be empty) as they come; of a
  /// program that says more than 1 MiB the rest is left out. An error: it could not be started, or
  /// its time was over (kDeadlineExceeded, with its last line).
  virtual void Run(Command command, Log log, Done done) = 0;
};

std::unique_ptr<CommandRunner> MakeCommandRunner(Loop& loop);

}  // namespace rw::env
