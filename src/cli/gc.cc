// runwright gc.
#include "base/strings.h"
#include "cli/commands.h"

namespace rw::cli {
namespace {

std::string Size(const json::Value& count) {
  if (!count["bytes"].is_int()) return "";
  return HumanBytes(static_cast<uint64_t>(count.IntOr("bytes", 0)));
}

/// RULE=DAYS or RULE=never.
Result<json::Value> Rules(const std::vector<std::string>& settings) {
  json::Value out = json::Object();
  for (const std::string& setting : settings) {
    size_t equals = setting.find('=');
    std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
    auto days = ParseDouble(value);
    if (!days && value != "never")
      return Error(Code::kInvalidArgument,
                   "--set takes RULE=DAYS or RULE=never, not '" + setting + "'", "set");
    out.Set(setting.substr(0, equals), days ? json::Value(*days) : json::Value());
  }
  return out;
}

void Show(Context& context, const json::Value& report) {
  std::vector<Row> rows;
  const json::Value& removed = report["removed"];
  for (const char* what : {"blobs", "run_folders", "builds", "logs", "spool", "database"}) {
    const json::Value& space = report["space"][what];
    const json::Value& gone = removed[what];
    rows.push_back({what, std::to_string(space.IntOr("count", 0)), Size(space),
                    gone.is_object() ? std::to_string(gone.IntOr("count", 0)) : "", Size(gone)});
  }
  const char* verb = report.BoolOr("dry_run", false) ? "WOULD GO" : "REMOVED";
  Print(context.terminal().Table({{"WHAT"},
                                  {"THERE", false, true},
                                  {"SIZE", false, true},
                                  {verb, false, true},
                                  {"SIZE", false, true}},
                                 rows));
  auto count = [&](const char* name) { return std::to_string(removed[name].IntOr("count", 0)); };
  Print("runs: " + count("runs") + " removed for good, " + count("expired_runs") +
        " deleted by run_days\n");
  if (!report.StringOr("blobs_kept_because").empty())
    Print(context.terminal().Paint(
        "no blob was removed: " + report.StringOr("blobs_kept_because") + "\n", Color::kRed));
}

void ShowRules(const json::Value& rules) {
  for (const auto& [name, days] : rules.as_object())
    Print(name + " = " + (days.is_null() ? "never" : json::Write(days)) + "\n");
}

}  // namespace

Result<int> Gc(Context& context, const GcOptions& options) {
  client::Api* api = TRY(context.Api());
  const std::string rules_path = client::ApiPath({"server", "retention"});
  if (options.show_rules || !options.settings.empty()) {
    json::Value change = TRY(Rules(options.settings));
    json::Value rules = options.settings.empty() ? TRY(api->Get(rules_path))
                                                 : TRY(api->Call("PATCH", rules_path, {}, &change));
    if (context.json())
      Print(json::WritePretty(rules) + "\n");
    else
      ShowRules(rules);
    return 0;
  }
  json::Value report = TRY(
      api->Post(client::ApiPath({"server", "gc"}), json::Value().Set("dry_run", options.dry_run)));
  if (context.json())
    Print(json::WritePretty(report) + "\n");
  else
    Show(context, report);
  return 0;
}

}  // namespace rw::cli
