// The subcommands, one file each. They return the exit code; an Error is printed by the caller and
// becomes the exit code of its kind.
#pragma once

#include <functional>
#include <set>

#include "cli/context.h"

namespace rw::cli {

/// What main.cc wires in, so that the command line does not depend on the server.
struct Roles {
  /// Serves until it is told to stop. The data folder is absolute.
  std::function<Result<int>(const ServerOptions& options)> serve;
};

Result<int> Init(Context& context, const InitOptions& options);
Result<int> Server(Context& context, const ServerOptions& options, const Roles& roles);
Result<int> Submit(Context& context, const SubmitOptions& options);
Result<int> Runs(Context& context, const RunsOptions& options);
Result<int> ListRuns(Context& context, const RunsOptions& options);
Result<int> ShowMetrics(Context& context, const RunsOptions& options);
Result<int> Logs(Context& context, const LogsOptions& options);
Result<int> Compute(Context& context, const ComputeOptions& options);
Result<int> Models(Context& context, const ModelsOptions& options);
Result<int> Env(Context& context, const EnvOptions& options);
Result<int> Open(Context& context, const OpenOptions& options);
Result<int> Snapshot(Context& context, const SnapshotOptions& options);
Result<int> Sync(Context& context, const SyncOptions& options);
Result<int> Secrets(Context& context, const SecretsOptions& options);
Result<int> Sources(Context& context, const SourcesOptions& options);
Result<int> Gc(Context& context, const GcOptions& options);
Result<int> Doctor(Context& context, const DoctorOptions& options);
Result<int> Backup(Context& context, const BackupOptions& options);
Result<int> Restore(Context& context, const RestoreOptions& options);
Result<int> Completion(const CompletionOptions& options);

/// Prints a run's output until it ends and returns what to exit with (Completed 0, Failed 1,
/// Canceled 6). Ctrl-C ends the following, not the run.
/// The run's warnings but those in `told` are printed at its end.
Result<int> FollowRun(Context& context, const std::string& run, const std::string& name,
                      bool follow, std::set<std::string> told = {});

/// Each warning of a run's document that is not in `told` yet, on standard error; `told` gets it.
void PrintWarnings(Context& context, const json::Value& run, std::set<std::string>& told);

}  // namespace rw::cli
