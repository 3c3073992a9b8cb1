// runwright env build, env lock: made without a run, the log as it grows.
#include <unistd.h>

#include <chrono>
#include <utility>

#include "cli/env_commands.h"
#include "cli/env_diff.h"
#include "cli/env_lock.h"
#include "cli/env_subject.h"
#include "cli/environment_choice.h"
#include "cli/exit_codes.h"
#include "os/file_system.h"
#include "os/poll_until.h"

namespace rw::cli {
namespace {

/// The server itself waits for news; this is between two of them.
constexpr auto kLookAgain = std::chrono::milliseconds(5);
constexpr auto kForever = std::chrono::hours(24 * 365);

bool AtWork(const json::Value& build) {
  std::string state = build.StringOr("state");
  return state == "Resolving" || state == "Building";
}

/// What the options ask for, or the spec of a registered environment, a build or a run.
Result<json::Value> SpecOf(Context& context, const EnvOptions& options) {
  bool described = !options.env_file.empty() || !options.pip.empty();
  if (described && !options.name.empty())
    return Error(Code::kInvalidArgument,
                 "give a name, or packages by --pip and --env-file, not both", "name");
  if (options.name.empty() && !described)
    return Error(Code::kInvalidArgument,
                 "nothing is named: runwright env build NAME, or --pip PACKAGE, or --env-file FILE",
                 "name");
  if (described) {
    SubmitOptions asked;
    asked.env_file = options.env_file;
    asked.pip = options.pip;
    asked.python = options.python;
    return EnvironmentOf(context, asked);
  }
  EnvSubject subject = TRY(FindEnvSubject(context, options.name));
  if (subject.build["spec"].is_object()) return subject.build["spec"];
  json::Value spec = std::move(subject.spec);
  // A run's says also what it got.
  if (spec.is_object()) {
    for (const char* result : {"env_id", "build_id"}) spec.as_object().erase(result);
    if (spec.StringOr("kind", "interpreter") == "interpreter") spec.as_object().erase("python");
  }
  return spec;
}

/// The log for people, and on a terminal a last line that says how far downloads are.
class Shown {
 public:
  explicit Shown(bool quiet) : quiet_(quiet), live_(!quiet && isatty(STDERR_FILENO) == 1) {}
  ~Shown() { Clear(); }
  void Tell(const json::Value& build) {
    std::string log = build.StringOr("log");
    std::string step = build.StringOr("step");
    if (quiet_ || (log.empty() && step == step_)) return;
    step_ = step;
    Clear();
    PrintError(log);
    painted_ = live_ && step.starts_with("downloading ");
    if (painted_) PrintError(step);
  }

 private:
  void Clear() {
    if (std::exchange(painted_, false)) PrintError("\r\x1b[K");
  }
  const bool quiet_;
  const bool live_;
  std::string step_;
  bool painted_ = false;
};

/// Follows the build of an environment until `enough`.
Result<json::Value> Follow(client::Api& api, json::Value build, bool quiet,
                           const std::function<bool(const json::Value&)>& enough) {
  Shown shown_text(quiet);
  const std::string path = client::ApiPath({"builds", build.StringOr("env_id")});
  int64_t shown = 0, news = 0;
  Result<json::Value> now = std::move(build);
  os::PollUntil(
      [&] {
        now = api.Get(path, {{"log_from", std::to_string(shown)},
                             {"news", std::to_string(news)},
                             {"wait_ms", "20000"}});
        if (!now) return true;
        shown_text.Tell(*now);
        shown = now->IntOr("log_bytes", shown);
        news = now->IntOr("news", 0);
        return enough(*now);
      },
      kLookAgain, kForever);
  return now;
}

int Failed(Context& context, const json::Value& build) {
  std::string error = build.StringOr("upgrade_error");
  error = error.empty() ? build.StringOr("error") : "the lock stays as it is: " + error;
  if (context.json())
    Print(json::WritePretty(build) + "\n");
  else
    PrintError(context.terminal().Paint("failed: " + error, Color::kRed) + "\n");
  return kRunFailed;
}

/// Begins it, with the secrets of the workspace where there is one.
Result<json::Value> Start(Context& context, client::Api& api, const json::Value& spec,
                          bool upgrade) {
  json::Value body;
  body.Set("spec", spec);
  if (upgrade) body.Set("upgrade", true);
  if (auto workspace = context.WorkspaceId()) body.Set("workspace", *workspace);
  return api.Post(client::ApiPath({"builds"}), body);
}

json::Value PackagesJson(const std::string& lock) {
  json::Array packages;
  for (const LockedPackage& package : ReadLock(lock)) {
    json::Value one;
    one.Set("name", package.name).Set("version", package.version);
    packages.push_back(one.Set("from", package.conda ? "conda" : "pip"));
  }
  json::Value out;
  return out.Set("lock", lock).Set("packages", std::move(packages));
}

/// What is new in it, where people read.
void TellChanges(Context& context, const std::string& before, const std::string& now) {
  if (context.json()) return;
  EnvSubject old;
  EnvSubject made;
  old.title = "the lock before";
  made.title = "now";
  old.lock = before;
  made.lock = now;
  if (before == now) return PrintError("resolved anew: the same versions\n");
  PrintError(DiffText(DiffEnvironments(old, made), context.terminal()));
}

Status WriteOut(Context& context, const EnvOptions& options, const std::string& text) {
  if (options.output.empty()) {
    Print(text);
    return Ok();
  }
  std::string path = context.here().Absolute(options.output);
  TRY(os::WriteFileAtomically(os::PosixFileSystem(), path, text));
  if (!context.json()) PrintError("wrote " + path + "\n");
  return Ok();
}

}  // namespace

Result<int> BuildEnv(Context& context, const EnvOptions& options) {
  json::Value spec = TRY(SpecOf(context, options));
  client::Api* api = TRY(context.Api());
  json::Value build = TRY(Start(context, *api, spec, false));
  if (AtWork(build))
    build = TRY(Follow(*api, std::move(build), context.json(),
                       [](const json::Value& now) { return !AtWork(now); }));
  if (build.StringOr("state") == "Failed") return Failed(context, build);
  if (context.json()) {
    Print(json::WritePretty(build) + "\n");
    return 0;
  }
  if (build["warnings"].is_array())
    for (const json::Value& warning : build["warnings"].as_array())
      PrintError(
          context.terminal().Paint("warning: " + warning.StringOr("message"), Color::kYellow) +
          "\n");
  Print("ready: env_id " + build.StringOr("env_id").substr(0, 12));
  if (!build.StringOr("build_id").empty())
    Print(", build " + build.StringOr("build_id").substr(0, 12));
  Print(", Python " + build.StringOr("python") + "\n");
  return 0;
}

Result<int> LockEnv(Context& context, const EnvOptions& options) {
  bool described = !options.env_file.empty() || !options.pip.empty();
  std::optional<EnvSubject> subject;
  if (!described && !options.name.empty()) subject = TRY(FindEnvSubject(context, options.name));
  json::Value build;
  if (options.upgrade || !subject || !subject->lock) {
    json::Value spec = TRY(SpecOf(context, options));
    if (spec.StringOr("kind", "interpreter") == "interpreter")
      return Error(Code::kFailedPrecondition,
                   "it uses an existing Python as it is: nothing is resolved, there is no lock");
    client::Api* api = TRY(context.Api());
    std::string before;
    if (options.upgrade && subject) before = subject->build.StringOr("lock");
    build = TRY(Start(context, *api, spec, options.upgrade));
    // As soon as the versions are known; the build goes on by itself. New versions are kept when it
    // is ready.
    build = TRY(Follow(*api, std::move(build), true, [&](const json::Value& now) {
      return !AtWork(now) || (now["lock"].is_string() && !options.upgrade);
    }));
    if (!build["lock"].is_string() || !build.StringOr("upgrade_error").empty())
      return Failed(context, build);
    if (!before.empty()) TellChanges(context, before, build.StringOr("lock"));
  }
  std::string lock = build.is_null() ? *subject->lock : build.StringOr("lock");
  if (context.json() && options.output.empty()) {
    Print(json::WritePretty(PackagesJson(lock)) + "\n");
    return 0;
  }
  TRY(WriteOut(context, options, lock));
  return 0;
}

}  // namespace rw::cli
