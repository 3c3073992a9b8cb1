// runwright runs list
#include <set>

#include "cli/commands.h"

namespace rw::cli {
namespace {

client::Query QueryOf(const RunsOptions& o) {
  client::Query query;
  if (!o.experiment.empty()) query.emplace_back("experiment", o.experiment);
  for (const std::string& status : o.statuses) query.emplace_back("status", status);
  for (const std::string& tag : o.tags) query.emplace_back("tag", tag);
  if (!o.filter.empty()) query.emplace_back("filter", o.filter);
  if (!o.sort.empty()) query.emplace_back("sort", o.sort);
  if (!o.text.empty()) query.emplace_back("text", o.text);
  for (const std::string& name : o.metrics) query.emplace_back("metric", name);
  for (const std::string& name : o.params) query.emplace_back("param", name);
  if (!o.view.empty()) query.emplace_back("view", o.view);
  if (o.children) query.emplace_back("include_children", "true");
  return query;
}

/// Names under `member` in any of the runs: what the server was asked to show.
std::set<std::string> NamesIn(const json::Array& runs, std::string_view member) {
  std::set<std::string> names;
  for (const json::Value& run : runs) {
    if (!run[member].is_object()) continue;
    for (const auto& [name, value] : run[member].as_object()) names.insert(name);
  }
  return names;
}

std::string MetricText(const json::Value& metric, bool lowest, bool highest) {
  const json::Value& value = metric[lowest ? "min" : highest ? "max" : "last"];
  if (value.is_null()) return metric.is_object() && !lowest && !highest ? "NaN" : "";
  return value.is_string() ? value.as_string() : json::Write(value);
}

}  // namespace

Result<int> ListRuns(Context& context, const RunsOptions& o) {
  client::Api* api = TRY(context.Api());
  json::Array runs =
      TRY(api->ListRuns(TRY(context.WorkspaceId()), QueryOf(o), static_cast<size_t>(o.limit)));
  if (context.json()) {
    Print(json::WritePretty(json::Value(std::move(runs))) + "\n");
    return 0;
  }
  std::vector<Column> columns = {
      {"RUN"},          {"EXPERIMENT", true}, {"#", false, true},   {"STATUS"},
      {"TARGET", true}, {"CREATED"},          {"TOOK", false, true}};
  std::set<std::string> metrics = NamesIn(runs, "metrics"), params = NamesIn(runs, "params");
  bool lowest = o.sort.find("min(") != std::string::npos;
  bool highest = o.sort.find("max(") != std::string::npos;
  for (const std::string& name : metrics) columns.push_back({name, false, true});
  for (const std::string& name : params) columns.push_back({name, false, true});
  columns.push_back({"NAME", true});
  std::vector<Row> rows;
  for (const json::Value& run : runs) {
    std::string status = run.StringOr("status");
    Row& row = rows.emplace_back(
        Row{run.StringOr("id"), run.StringOr("experiment"), std::to_string(run.IntOr("number", 0)),
            Cell(status, StatusColor(status)), run.StringOr("target"),
            LocalTime(run["created_time"]), Duration(run["start_time"], run["end_time"])});
    for (const std::string& name : metrics)
      row.emplace_back(MetricText(run["metrics"][name], lowest, highest));
    for (const std::string& name : params) row.emplace_back(run["params"].StringOr(name));
    row.emplace_back(run.StringOr("display_name"));
  }
  Print(context.terminal().Table(columns, rows));
  return 0;
}

}  // namespace rw::cli
