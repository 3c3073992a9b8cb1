// runwright env list, env show; the other commands are in env_*.cc.
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/env_commands.h"
#include "cli/env_lock.h"
#include "cli/env_subject.h"

namespace rw::cli {
namespace {

std::string Needs(const json::Value& requirements) {
  std::vector<std::string> out;
  if (requirements.is_array())
    for (const json::Value& line : requirements.as_array())
      if (line.is_string()) out.push_back(WithoutPasswords(line.as_string()));
  return Join(out, ", ");
}

Row BuildRow(const json::Value& build) {
  std::string state = build.StringOr("state");
  return {build.StringOr("env_id").substr(0, 12),
          build.StringOr("build_id").substr(0, 12),
          Cell(state, StatusColor(state)),
          build.StringOr("python"),
          HumanBytes(static_cast<uint64_t>(build.IntOr("bytes", 0))),
          LocalTime(build["last_used_time"]),
          Needs(build["requirements"])};
}

/// Builds of the same build_id are one folder.
uint64_t TotalBytes(const json::Array& builds) {
  std::map<std::string, uint64_t> sizes;
  for (const json::Value& build : builds)
    sizes[build.StringOr("build_id")] = static_cast<uint64_t>(build.IntOr("bytes", 0));
  uint64_t total = 0;
  for (const auto& [id, bytes] : sizes) total += bytes;
  return total;
}

Result<int> ListAll(Context& context) {
  client::Api* api = TRY(context.Api());
  json::Array named = TRY(api->ListEnvironments(TRY(context.WorkspaceId())));
  json::Array builds = TRY(api->ListBuilds());
  if (context.json()) {
    json::Value out;
    out.Set("environments", std::move(named)).Set("builds", std::move(builds));
    Print(json::WritePretty(out) + "\n");
    return 0;
  }
  std::vector<Row> rows;
  for (const json::Value& env : named) {
    std::string state = "not built";
    if (env["spec"].StringOr("kind", "interpreter") == "interpreter") state = "as it is";
    for (const json::Value& build : builds)
      if (build.StringOr("env_id") == env.StringOr("env_id")) state = build.StringOr("state");
    rows.push_back({env.StringOr("name"), env.StringOr("version"),
                    env.StringOr("env_id").substr(0, 12), Cell(state, StatusColor(state))});
  }
  const Terminal& terminal = context.terminal();
  Print(terminal.Table({{"ENVIRONMENT"}, {"VERSION"}, {"ENV_ID"}, {"STATE"}}, rows));
  rows.clear();
  for (const json::Value& build : builds) rows.push_back(BuildRow(build));
  Print("\n" + terminal.Table({{"ENV_ID"},
                               {"BUILD"},
                               {"STATE"},
                               {"PYTHON"},
                               {"SIZE", false, true},
                               {"LAST USED"},
                               {"REQUIREMENTS", true}},
                              rows));
  if (!builds.empty()) Print(HumanBytes(TotalBytes(builds)) + " in all\n");
  return 0;
}

void Field(const char* name, const std::string& value) {
  if (value.empty()) return;
  std::string padded = name;
  padded.resize(11, ' ');
  Print(padded + value + "\n");
}

void ShowBuild(Context& context, const json::Value& build) {
  std::string state = build.StringOr("state");
  Field("state", context.terminal().Paint(state, StatusColor(state)));
  Field("size", HumanBytes(static_cast<uint64_t>(build.IntOr("bytes", 0))));
  Field("last used", LocalTime(build["last_used_time"]));
  if (build["locked_time"].is_string()) {
    bool changed = build["profile_changed"].is_bool() && build["profile_changed"].as_bool();
    Field("locked", LocalTime(build["locked_time"]) +
                        (changed ? ", and its profile has changed since: `runwright env lock "
                                   "--upgrade` resolves anew"
                                 : ""));
  }
  Field("where", build.StringOr("folder"));
  Field("made with", build.StringOr("python_path"));
  if (!build.StringOr("upgrade_error").empty())
    Print(context.terminal().Paint(
              "\nresolving it anew failed, the lock stayed: " + build.StringOr("upgrade_error"),
              Color::kYellow) +
          "\n");
  if (state == "Failed")
    Print(context.terminal().Paint("\n" + build.StringOr("error"), Color::kRed) + "\n");
}

Result<int> Show(Context& context, const EnvOptions& options) {
  std::string wanted = options.name;
  if (!options.version.empty()) wanted += ":" + options.version;
  EnvSubject subject = TRY(FindEnvSubject(context, wanted));
  if (context.json()) {
    Print(json::WritePretty(subject.ToJson()) + "\n");
    return 0;
  }
  Field(subject.kind.c_str(), subject.kind == "environment" ? subject.title : subject.name);
  Field("env_id", subject.env_id);
  Field("build_id", subject.build_id);
  Field("python", subject.python);
  if (!subject.build.is_null()) ShowBuild(context, subject.build);
  Print("\nspec\n" + WithoutPasswords(json::WritePretty(subject.spec)) + "\n");
  if (!subject.variables.as_object().empty())
    Print("\nvariables\n" + json::WritePretty(subject.variables) + "\n");
  if (!subject.warnings.as_array().empty()) Print("\nsubstitutions and warnings\n");
  for (const json::Value& warning : subject.warnings.as_array())
    Print(context.terminal().Paint(warning.StringOr("message"), Color::kYellow) + "\n");
  if (subject.lock && !subject.lock->empty()) Print("\nlock\n" + *subject.lock);
  if (subject.build.StringOr("state") == "Failed" && !subject.build.StringOr("log").empty())
    Print("\nlog\n" + subject.build.StringOr("log"));
  return 0;
}

}  // namespace

Result<int> Env(Context& context, const EnvOptions& options) {
  switch (options.action) {
    case EnvAction::kList:
      return ListAll(context);
    case EnvAction::kShow:
      return Show(context, options);
    case EnvAction::kBuild:
      return BuildEnv(context, options);
    case EnvAction::kLock:
      return LockEnv(context, options);
    case EnvAction::kDiff:
      return DiffEnv(context, options);
    case EnvAction::kExport:
      return ExportEnv(context, options);
    case EnvAction::kGc:
      return CollectEnv(context, options);
    case EnvAction::kDoctor:
      return ExamineEnv(context, options);
  }
  return 0;
}

}  // namespace rw::cli
