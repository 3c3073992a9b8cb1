// runwright env …
#include "base/strings.h"
#include "cli/commands.h"

namespace rw::cli {
namespace {

std::string Needs(const json::Value& requirements) {
  std::vector<std::string> out;
  if (requirements.is_array())
    for (const json::Value& line : requirements.as_array())
      if (line.is_string()) out.push_back(line.as_string());
  return Join(out, ", ");
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
  for (const json::Value& env : named)
    rows.push_back(
        {env.StringOr("name"), env.StringOr("version"), env.StringOr("env_id").substr(0, 12)});
  Print(context.terminal().Table({{"ENVIRONMENT"}, {"VERSION"}, {"ENV_ID"}}, rows));
  rows.clear();
  for (const json::Value& build : builds) {
    std::string state = build.StringOr("state");
    rows.push_back({build.StringOr("env_id"), Cell(state, StatusColor(state)),
                    build.StringOr("python"),
                    HumanBytes(static_cast<uint64_t>(build.IntOr("bytes", 0))),
                    LocalTime(build["last_used_time"]), Needs(build["requirements"])});
  }
  Print("\n" + context.terminal().Table({{"BUILD (ENV_ID)"},
                                         {"STATE"},
                                         {"PYTHON"},
                                         {"SIZE", false, true},
                                         {"LAST USED"},
                                         {"REQUIREMENTS", true}},
                                        rows));
  return 0;
}

bool IsEnvId(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<int> ShowBuild(Context& context, const std::string& env_id) {
  client::Api* api = TRY(context.Api());
  json::Value build = TRY(api->Build(env_id));
  if (context.json()) {
    Print(json::WritePretty(build) + "\n");
    return 0;
  }
  std::string state = build.StringOr("state");
  Print("env_id   " + build.StringOr("env_id") + "\nbuild_id " + build.StringOr("build_id") + "\n");
  Print("state    " + context.terminal().Paint(state, StatusColor(state)) + "\n");
  Print("python   " + build.StringOr("python") + "\nneeds    " + Needs(build["requirements"]) +
        "\n");
  if (!build.StringOr("lock").empty()) Print("\nlock\n" + build.StringOr("lock") + "\n");
  if (!build.StringOr("log").empty()) Print("\nlog\n" + build.StringOr("log") + "\n");
  return 0;
}
}  // namespace

Result<int> Env(Context& context, const EnvOptions& options) {
  if (options.action == EnvAction::kList) return ListAll(context);
  if (IsEnvId(options.name)) return ShowBuild(context, options.name);
  client::Api* api = TRY(context.Api());
  json::Value env =
      TRY(api->Environment(TRY(context.WorkspaceId()), options.name, options.version));
  Print(json::WritePretty(env) + "\n");
  return 0;
}

}  // namespace rw::cli
