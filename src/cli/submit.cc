// runwright submit: a copy of the folder, one request, and perhaps the output.
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/commands.h"
#include "cli/environment_choice.h"
#include "cli/git_info.h"
#include "cli/upload.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::cli {
namespace {
constexpr int kAttempts = 3;

/// 3 to 36 letters, digits, _ and - of the folder's name.
std::string ExperimentOf(const std::string& folder) {
  std::string name;
  for (char c : os::BaseName(folder)) {
    bool plain = isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) name += c;
    if (!plain && !name.empty()) name += c == '-' ? '-' : '_';
  }
  name.resize(std::min<size_t>(name.size(), 36));
  return name.size() < 3 ? "default" : name;
}

std::string MintRunId(const std::string& experiment) {
  return experiment + "_" + std::to_string(SystemClock().WallMicros() / 1'000'000) + "_" +
         SystemRandom().Hex(4);
}

/// The script as the run sees it: relative to the source folder.
Result<std::string> ScriptBelow(Context& context, const std::string& source,
                                const std::string& script) {
  os::FileSystem& fs = os::PosixFileSystem();
  // As it is written, seen from the source folder or else from here.
  std::string path = script.starts_with('/') ? script : os::JoinPath(source, script);
  if (!os::Exists(fs, path)) path = context.here().Absolute(script);
  path = context.here().Absolute(path);
  if (!os::Exists(fs, path))
    return Error(Code::kInvalidArgument, "there is no script " + script + " in " + source,
                 "script");
  std::string prefix = source == "/" ? source : source + "/";
  if (!path.starts_with(prefix))
    return Error(
        Code::kInvalidArgument,
        path + " is not in the folder that is sent, " + source + "; name another with --source",
        "script");
  return path.substr(prefix.size());
}

Result<json::Value> Definition(Context& context, const SubmitOptions& o,
                               const std::string& source) {
  if (o.words.empty() || o.words[0].starts_with('-'))
    return Error(Code::kInvalidArgument,
                 o.words.empty()
                     ? "no script is named: runwright submit [OPTIONS] SCRIPT [ARGUMENTS...]"
                     : "unknown option " + o.words[0] + "; see runwright submit --help",
                 "script");
  json::Value run;
  std::string experiment = o.experiment.empty() ? ExperimentOf(source) : o.experiment;
  run.Set("experiment", experiment).Set("run_id", MintRunId(experiment)).Set("target", o.target);
  run.Set("script", TRY(ScriptBelow(context, source, o.words[0])));
  run.Set("arguments", json::Array(o.words.begin() + 1, o.words.end()));
  run.Set("environment", TRY(EnvironmentOf(context, o)));
  run.Set("environment_variables", TRY(Pairs(o.variables, "--var")));
  run.Set("tags", TRY(Pairs(o.tags, "--tag")));
  if (!o.display_name.empty()) run.Set("display_name", o.display_name);
  if (o.max_seconds > 0) run.Set("max_run_duration_seconds", o.max_seconds);
  json::Value properties{json::Object()};
  for (const auto& [key, value] : GitProperties(context.here(), source)) properties.Set(key, value);
  run.Set("properties", std::move(properties));
  return run;
}

/// A snapshot that the server has costs no request of its own.
Result<json::Value> Send(Context& context, client::Api& api, const std::string& ws,
                         const json::Value& run, const cas::Snapshot& snapshot) {
  for (int attempt = 1;; attempt++) {
    auto answer = api.SubmitRun(ws, run);
    if (answer || answer.error().field() != "snapshot_id" || attempt == kAttempts ||
        answer.error().code() != Code::kFailedPrecondition)
      return answer;
    TRY(Upload(context, api, snapshot));
  }
}
}  // namespace

Result<int> Submit(Context& context, const SubmitOptions& options) {
  std::string source = context.here().Absolute(options.source.empty() ? "." : options.source);
  json::Value run = TRY(Definition(context, options, source));
  client::Api* api = TRY(context.Api());
  std::string ws = TRY(context.WorkspaceId());
  json::Value own = TRY(context.OwnRun());
  if (own.is_object()) run.Set("parent_id", own.StringOr("run_id"));
  cas::Snapshot snapshot = TRY(BuildSnapshotOf(context, source, options.allow_large));
  run.Set("snapshot_id", snapshot.id.Hex());
  json::Value answer = TRY(Send(context, *api, ws, run, snapshot));
  std::string id = answer.StringOr("id");
  std::set<std::string> told;
  if (!context.json()) PrintWarnings(context, answer, told);
  if (!options.follow) {
    Print(context.json() ? json::WritePretty(answer) + "\n" : id + "\n");
    if (!context.json() && isatty(STDOUT_FILENO) != 0)
      Print(context.terminal().Paint("See it: runwright logs -f " + id, Color::kDim) + "\n");
    return 0;
  }
  if (context.json()) Print(json::Write(json::Value().Set("run", id)) + "\n");
  if (!context.json()) PrintError("run " + id + "\n");
  return FollowRun(context, id, "", true, std::move(told));
}

}  // namespace rw::cli
