// Runs python/runwright/conda_solver.py, and finds or makes what it needs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "env/command_runner.h"
#include "env/conda_solver.h"
#include "env/installer.h"
#include "env/profile.h"
#include "env/variables.h"

namespace rw::env {

struct CondaOptions {
  std::string folder;          // absolute, exists: the data folder's env/
  std::string program_folder;  // where uv and micromamba are looked for before PATH
  std::string driver;          // conda_solver.py; where it is absent nothing is solved
  std::string names_file;      // profiles/conda-pip-names.json
  Variables variables;         // of the server
  /// For packages that come from the pip index; may be null.
  std::shared_ptr<const Profiles> profiles;
  int64_t reach_ms = 3000;         // bound on asking a channel whether it is there
  int64_t remember_ms = 300'000;   // how long what was found out about channels counts
  int64_t retry_delay_ms = 1000;   // as UvOptions
  int64_t longest_ms = 3'600'000;  // of one solution or installation
};

/// What solves and installs.
struct CondaTool {
  std::string python;      // that runs the driver
  std::string micromamba;  // "": py-rattler, which that Python has
};

/// From the loop's thread. Its end kills what runs.
class CondaDriver {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;
  CondaDriver(Loop& loop, WorkerPool& pool, Random& random, Installer& uv, CondaOptions options);

  /// "": it can be used; else why not.
  std::string Lack() const;
  /// The server's default Python: enough for what needs the standard library only.
  void Plain(Done<CondaTool> done);
  /// micromamba where it is installed; else an environment with py-rattler, made once.
  void Tool(const Progress& progress, Done<CondaTool> done);
  /// One command of the driver. kInvalidArgument: a conflict in the solver's words; kUnavailable: a
  /// channel was not reached; kDeadlineExceeded.
  void Run(const CondaTool& tool, const std::string& command, json::Value job,
           const Progress& progress, const Done<json::Value>& done);

 private:
  WorkerPool& pool_;
  Random& random_;
  Installer& uv_;
  const CondaOptions options_;
  std::unique_ptr<CommandRunner> runner_;
  CondaSolver solver_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::env
