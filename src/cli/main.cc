#include "cli/main.h"

#include <signal.h>

#include "cli/exit_codes.h"

namespace rw::cli {
namespace {

struct Dispatch {
  Context& context;
  const Roles& roles;
  Result<int> operator()(const InitOptions& o) const { return Init(context, o); }
  Result<int> operator()(const ServerOptions& o) const { return Server(context, o, roles); }
  Result<int> operator()(const SubmitOptions& o) const { return Submit(context, o); }
  Result<int> operator()(const RunsOptions& o) const { return Runs(context, o); }
  Result<int> operator()(const LogsOptions& o) const { return Logs(context, o); }
  Result<int> operator()(const ComputeOptions& o) const { return Compute(context, o); }
  Result<int> operator()(const ModelsOptions& o) const { return Models(context, o); }
  Result<int> operator()(const EnvOptions& o) const { return Env(context, o); }
  Result<int> operator()(const OpenOptions& o) const { return Open(context, o); }
  Result<int> operator()(const SnapshotOptions& o) const { return Snapshot(context, o); }
  Result<int> operator()(const SyncOptions& o) const { return Sync(context, o); }
  Result<int> operator()(const SecretsOptions& o) const { return Secrets(context, o); }
  Result<int> operator()(const SourcesOptions& o) const { return Sources(context, o); }
  Result<int> operator()(const GcOptions& o) const { return Gc(context, o); }
  Result<int> operator()(const DoctorOptions& o) const { return Doctor(context, o); }
  Result<int> operator()(const BackupOptions& o) const { return Backup(context, o); }
  Result<int> operator()(const RestoreOptions& o) const { return Restore(context, o); }
  Result<int> operator()(const CompletionOptions& o) const { return Completion(o); }
};

/// A server of one's own machine that does not answer is most likely not started.
Error WithHint(Error error, const std::string& server) {
  if (error.code() != Code::kUnavailable || !client::IsLoopback(server)) return error;
  return Error(error.code(),
               error.message() + ". Start the server with `runwright init` or `runwright server`");
}

void Report(const Error& error, bool json) {
  if (!json) return PrintError("runwright: " + error.message() + "\n");
  json::Value detail;
  detail.Set("code", CodeName(error.code())).Set("message", error.message());
  if (!error.field().empty()) detail.Set("field", error.field());
  PrintError(json::Write(json::Value().Set("error", detail)) + "\n");
}
}  // namespace

int Main(int argc, char** argv, const Roles& roles) {
  signal(SIGPIPE, SIG_IGN);
  Parsed parsed = ParseArguments(std::vector<std::string>(argv, argv + argc));
  if (!parsed.command) {
    parsed.exit_code == 0 ? Print(parsed.text) : PrintError(parsed.text);
    return parsed.exit_code;
  }
  Context context(client::Surroundings::OfThisProcess(), parsed.common);
  Result<int> code = std::visit(Dispatch{context, roles}, *parsed.command);
  if (code) return *code;
  Report(WithHint(code.error(), context.server()), parsed.common.json);
  return ExitCode(code.error().code());
}

}  // namespace rw::cli
