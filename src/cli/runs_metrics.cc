// runwright runs metrics
#include "cli/commands.h"

namespace rw::cli {
namespace {

std::string NumberText(const json::Value& value) {
  if (value.is_string()) return value.as_string();
  return json::Write(value);
}

Result<int> ShowBuckets(Context& context, const RunsOptions& o) {
  client::Api* api = TRY(context.Api());
  json::Value answer = TRY(api->Get(client::ApiPath({"runs", o.run, "metrics", "series"}),
                                    {{"name", o.metric}, {"buckets", std::to_string(o.buckets)}}));
  if (context.json()) {
    Print(json::WritePretty(answer) + "\n");
    return 0;
  }
  const json::Value& buckets = answer["buckets"];
  std::vector<Row> rows;
  size_t count = buckets["count"].is_array() ? buckets["count"].as_array().size() : 0;
  for (size_t i = 0; i < count; i++) {
    Row& row = rows.emplace_back();
    for (const char* column : {"time", "step", "count", "min", "max", "last"}) {
      const json::Value& value = buckets[column].as_array()[i];
      row.emplace_back(value.is_null() ? "" : NumberText(value));
    }
  }
  Print(context.terminal().Table({{"TIME"},
                                  {"STEP", false, true},
                                  {"VALUES", false, true},
                                  {"MIN", false, true},
                                  {"MAX", false, true},
                                  {"LAST", false, true}},
                                 rows));
  return 0;
}

}  // namespace

Result<int> ShowMetrics(Context& context, const RunsOptions& o) {
  if (o.buckets > 0) return ShowBuckets(context, o);
  const std::string &id = o.run, &name = o.metric;
  client::Api* api = TRY(context.Api());
  json::Value answer = TRY(api->Metrics(id, name));
  if (context.json()) {
    Print(json::WritePretty(answer["metrics"]) + "\n");
    return 0;
  }
  if (!answer["metrics"].is_array())
    return Error(Code::kInternal, "the server answered no metrics");
  std::vector<Row> rows;
  for (const json::Value& metric : answer["metrics"].as_array()) {
    if (!metric["values"].is_array()) continue;
    const json::Array& values = metric["values"].as_array();
    if (!name.empty()) {
      for (const json::Value& value : values) Print(NumberText(value) + "\n");
      continue;
    }
    rows.push_back({metric.StringOr("name"), metric.StringOr("type"), std::to_string(values.size()),
                    values.empty() ? "" : NumberText(values.back())});
  }
  if (name.empty())
    Print(context.terminal().Table({{"METRIC"}, {"TYPE"}, {"VALUES", false, true}, {"LAST", true}},
                                   rows));
  return 0;
}

}  // namespace rw::cli
