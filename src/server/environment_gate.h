// What a run's start needs to know of its environment, whoever makes it ready.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "json/value.h"

namespace rw::server {

struct EnvironmentWarning {
  std::string source;  // "environment"
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
  std::string build_id;  // empty for an interpreter of the user's
  std::string python;    // "3.11.7"; empty where not known
  EnvironmentArtifact lock_artifact;
  std::vector<EnvironmentWarning> warnings;
  // What the executor does about it; each as in the grant (docs/dev/formats/run-folder.md).
  json::Value protect;             // {"build", "cache"}; null: nothing that runs share
  json::Value fetch;               // {"env_root", "build_id"}; null: the build is where it runs
  json::Value image;               // {"engine", "id", "interpreter"}; null: a process of the node
  std::vector<std::string> shims;  // names of compatibility shims
};

/// From the loop's thread.
class EnvironmentGate {
 public:
  using Done = std::function<void(Result<ReadyEnvironment>)>;
  using OnLog = std::function<void(std::string_view bytes)>;
  using Told = std::vector<EnvironmentWarning>;
  virtual ~EnvironmentGate() = default;

  /// The env_id of a spec (docs/dev/formats/environment.md; null is the server's default
  /// interpreter). kInvalidArgument naming the field ("environment.requirements[2]") when it is no
  /// spec.
  virtual Result<std::string> Check(const json::Value& spec) = 0;

  /// Ready at this moment without any work: a run then starts in the turn of its submission.
  virtual std::optional<ReadyEnvironment> Ready(const json::Value& spec) = 0;

  /// Makes it ready. `on_log` gets the build's log, from its beginning, as it grows; then `done`,
  /// exactly once unless Forget was called before, perhaps before this returns. An error's message
  /// is what the user reads: the failing package and the resolver's own words.
  virtual void Prepare(const json::Value& spec, const RunId& run, OnLog on_log, Done done) = 0;

  /// The run no longer waits (canceled). A build that others wait for goes on.
  virtual void Forget(const RunId& run) = 0;

  /// What had been put in place of what was asked for when a run's Prepare failed; until Forget.
  virtual Told Decided(const RunId& run) const { return (void)run, Told{}; }

  /// What keeps a run's environment from being made at this moment ("disk of /x full, …"), for its
  /// reason; "" where nothing does.
  virtual std::string WaitsFor(const RunId& run) const { return (void)run, ""; }
};

}  // namespace rw::server
