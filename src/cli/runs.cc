// runwright runs …
#include "cli/commands.h"
#include "cli/run_files.h"

namespace rw::cli {
namespace {

void ShowPairs(const char* title, const json::Value& object) {
  if (!object.is_object() || object.as_object().empty()) return;
  Print(std::string(title) + "\n");
  for (const auto& [key, value] : object.as_object())
    Print("  " + key + " = " + (value.is_string() ? value.as_string() : json::Write(value)) + "\n");
}

void ShowError(Context& context, const json::Value& error) {
  if (!error.is_object()) return;
  Print("\n" + context.terminal().Paint(error.StringOr("message"), Color::kRed) + "\n");
  if (!error.StringOr("file").empty())
    Print("  at " + error.StringOr("file") + ":" + std::to_string(error.IntOr("line", 0)) + "\n");
  if (error["exit_code"].is_int()) Print("  exit code " + json::Write(error["exit_code"]) + "\n");
  if (error["last_lines"].is_array())
    for (const json::Value& line : error["last_lines"].as_array())
      if (line.is_string()) Print("  | " + line.as_string() + "\n");
  if (!error.StringOr("next_step").empty()) Print(error.StringOr("next_step") + "\n");
}

Result<int> ShowRun(Context& context, const std::string& id) {
  client::Api* api = TRY(context.Api());
  json::Value run = TRY(api->Run(id));
  if (context.json()) {
    Print(json::WritePretty(run) + "\n");
    return 0;
  }
  std::string status = run.StringOr("status");
  auto line = [](const char* name, const std::string& value) {
    if (!value.empty())
      Print(std::string(name) + std::string(13 - std::string_view(name).size(), ' ') + value +
            "\n");
  };
  line("run", run.StringOr("id"));
  line("name", run.StringOr("display_name"));
  line("experiment", run.StringOr("experiment") + " #" + std::to_string(run.IntOr("number", 0)));
  line("status", context.terminal().Paint(status, StatusColor(status)));
  line(run.StringOr("status") == "NotResponding" ? "why" : "waits for",
       run["reason"].StringOr("text"));
  line("target", run.StringOr("target"));
  std::string command = run.StringOr("command", run.StringOr("script"));
  if (run["arguments"].is_array())
    for (const json::Value& argument : run["arguments"].as_array())
      command += " " + (argument.is_string() ? argument.as_string() : json::Write(argument));
  line("command", command);
  line("parent", run.StringOr("parent_id"));
  line("created", LocalTime(run["created_time"]));
  line("started", LocalTime(run["start_time"]));
  line("ended", LocalTime(run["end_time"]));
  line("took", Duration(run["start_time"], run["end_time"]));
  if (int64_t peak = run["summary"].IntOr("peak_memory_bytes", 0); peak > 0)
    line("peak memory", std::to_string((peak + 500'000) / 1'000'000) + " MB");
  line("snapshot", run.StringOr("snapshot_id"));
  line("environment", run["environment"].StringOr("env_id"));
  line("page", run.StringOr("portal_url"));
  ShowPairs("parameters", run["params"]);
  ShowPairs("tags", run["tags"]);
  ShowPairs("properties", run["properties"]);
  if (run["warnings"].is_array())
    for (const json::Value& warning : run["warnings"].as_array())
      Print(context.terminal().Paint("warning: " + warning.StringOr("message"), Color::kYellow) +
            "\n");
  ShowError(context, run["error"]);
  return 0;
}

Result<int> CancelRuns(Context& context, const std::vector<std::string>& ids) {
  client::Api* api = TRY(context.Api());
  json::Array out;
  for (const std::string& id : ids) {
    json::Value run = TRY(api->CancelRun(id));
    if (!context.json()) Print(id + "  " + run.StringOr("status") + "\n");
    out.push_back(std::move(run));
  }
  if (context.json()) Print(json::WritePretty(json::Value(std::move(out))) + "\n");
  return 0;
}

}  // namespace

Result<int> Runs(Context& context, const RunsOptions& options) {
  switch (options.action) {
    case RunsAction::kList:
      return ListRuns(context, options);
    case RunsAction::kShow:
      return ShowRun(context, options.run);
    case RunsAction::kCancel:
      return CancelRuns(context, options.runs);
    case RunsAction::kMetrics:
      return ShowMetrics(context, options);
    case RunsAction::kFiles:
      return ListRunFiles(context, options);
    case RunsAction::kDelete:
    case RunsAction::kRestore:
    case RunsAction::kArchive:
      return ChangeRuns(context, options);
    case RunsAction::kGet:
      return GetRunFiles(context, options);
  }
  return 0;
}

}  // namespace rw::cli
