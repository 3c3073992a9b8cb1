<<<<<<< HEAD
// What a run's start needs to know of its environment, whoever makes it ready.
#pragma once

#include <functional>
#include <optional>
#include <string>
=======
// Between a run and what its script needs: the run asks, and waits until the environment can be used.
#pragma once

#include <functional>
#include <string>
#include <string_view>
>>>>>>> main
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "json/value.h"

namespace rw::server {

<<<<<<< HEAD
struct EnvironmentWarning {
  std::string source;   // "environment"
  std::string message;
};

/// A stored blob that is named as a file of every run that used the environment.
struct EnvironmentArtifact {
  std::string name;  // "azureml-logs/environment.lock"; empty: none
  std::string digest;
  int64_t size = 0;
};

struct ReadyEnvironment {
  std::string interpreter;                // absolute path
  std::vector<std::string> path_prepend;  // folders that go before PATH
  std::string env_id;
  std::string build_id;                   // empty for an interpreter of the user's
  std::string python;                     // "3.11.7"; empty where not known
  EnvironmentArtifact lock_artifact;
  std::vector<EnvironmentWarning> warnings;
};

/// From the loop's thread.
class EnvironmentGate {
 public:
  using Done = std::function<void(Result<ReadyEnvironment>)>;
  using OnLog = std::function<void(std::string_view bytes)>;
  virtual ~EnvironmentGate() = default;

  /// The env_id of a spec (docs/dev/formats/environment.md; null is the server's default interpreter).
  /// kInvalidArgument naming the field ("environment.requirements[2]") when it is no spec.
  virtual Result<std::string> Check(const json::Value& spec) = 0;

  /// Ready at this moment without any work: a run then starts in the turn of its submission.
  virtual std::optional<ReadyEnvironment> Ready(const json::Value& spec) = 0;

  /// Makes it ready. `on_log` gets the build's log, from its beginning, as it grows; then `done`, exactly
  /// once unless Forget was called before, perhaps before this returns. An error's message is what the user
  /// reads: the failing package and the resolver's own words.
  virtual void Prepare(const json::Value& spec, const RunId& run, OnLog on_log, Done done) = 0;

  /// The run no longer waits (canceled). A build that others wait for goes on.
=======
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
>>>>>>> main
  virtual void Forget(const RunId& run) = 0;
};

}  // namespace rw::server
