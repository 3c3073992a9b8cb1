// Between a run and what its script needs: the run asks, and waits until the environment can be used.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "json/value.h"

namespace rw::server {

/// What a run starts with.
struct ReadyEnvironment {
  std::string env_id;
  std::string build_id;      // empty for kind interpreter
  std::string interpreter;   // absolute path of the Python that runs the script
  std::string python;        // "3.11.7"
  std::vector<std::string> path_prepend;  // folders that go first on PATH
  std::string lock;          // exact versions, kept with the run; empty for kind interpreter
  std::vector<std::string> warnings;      // for the run's warnings, source "environment"
};

/// On the loop's thread.
class EnvironmentGate {
 public:
  /// Bytes of the live build log, whole lines; what was written before a run joined comes first.
  using Log = std::function<void(std::string_view)>;
  using Done = std::function<void(Result<ReadyEnvironment>)>;
  virtual ~EnvironmentGate() = default;

  /// `spec` as in docs/dev/formats/environment.md (null: the default). `done` is called exactly once, before
  /// Prepare returns where everything is warm, unless Forget comes first. Runs that wait for the same build
  /// share it. Errors are for the user and name the package and the resolver's own words: kInvalidArgument,
  /// kNotFound and kFailedPrecondition are the user's to mend, everything else is the system's.
  virtual void Prepare(const json::Value& spec, const RunId& run, Log log, Done done) = 0;
  /// The run no longer waits: neither `log` nor `done` is called any more. The build goes on for the next.
  virtual void Forget(const RunId& run) = 0;
};

}  // namespace rw::server
