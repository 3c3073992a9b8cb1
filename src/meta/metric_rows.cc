#include "meta/metric_rows.h"

#include "base/clock.h"

namespace rw::meta {
namespace {

/// {"$number": "NaN"} becomes "NaN", the API's form of it.
json::Value PlainNumbers(json::Value value) {
  if (value.is_array()) {
    for (json::Value& item : value.as_array()) item = PlainNumbers(std::move(item));
  } else if (value.is_object()) {
    if (value.as_object().size() == 1 && value["$number"].is_string()) return value["$number"];
    for (auto& [key, item] : value.as_object()) item = PlainNumbers(std::move(item));
  }
  return value;
}

json::Value ValueOf(const MetricPoint& point) {
  if (point.json.empty()) return json::NumberOrName(point.number);
  auto value = json::Parse(point.json);
  return value ? PlainNumbers(*std::move(value)) : json::Value();
}

json::Value MetricToJson(const std::string& name, const std::string& type,
                         const std::vector<MetricPoint>& points) {
  json::Array values, steps, times;
  bool has_steps = false;
  for (const MetricPoint& point : points) {
    values.push_back(ValueOf(point));
    steps.push_back(point.step ? json::Value(*point.step) : json::Value());
    has_steps = has_steps || point.step.has_value();
    times.emplace_back(FormatUtc(point.wall_us));
  }
  json::Value out = json::Object();
  out.Set("name", name).Set("type", type).Set("values", std::move(values));
  out.Set("steps", has_steps ? json::Value(std::move(steps)) : json::Value());
  out.Set("times", std::move(times));
  return out;
}

}  // namespace

Status AddSegment(db::Connection& db, int64_t run_row, std::string_view name, std::string_view type,
                  std::string_view writer, int64_t first_seq, const SegmentBuilder& segment) {
  int64_t id = TRY(NoteMetric(db, run_row, name, type, writer, segment.summary()));
  auto insert =
      TRY(db.Prepare("INSERT INTO metric_segments (run_row, metric_id, writer, first_seq, count, "
                     "first_us, last_us,"
                     " data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(run_row).Bind(id).Bind(writer).Bind(first_seq).Bind(segment.count());
  insert.Bind(segment.first_us()).Bind(segment.last_us()).BindBlob(segment.bytes());
  return insert.Run();
}

Result<std::vector<StoredMetric>> LoadMetrics(db::Connection& db, int64_t run_row,
                                              const std::optional<std::string>& name) {
  auto rows = TRY(db.Prepare(
      "SELECT id, name, type FROM metrics WHERE run_row = ?1 AND (?2 IS NULL OR name = ?2)"
      " ORDER BY name"));
  rows.Bind(run_row).Bind(name);
  std::vector<StoredMetric> metrics;
  while (TRY(rows.Step())) {
    StoredMetric& metric = metrics.emplace_back();
    metric.name = rows.Text(1);
    metric.type = rows.Text(2);
    auto segments = TRY(db.Prepare(
        "SELECT writer, data FROM metric_segments WHERE metric_id = ? ORDER BY writer, first_seq"));
    segments.Bind(rows.Int(0));
    while (TRY(segments.Step())) {
      metric.writers.push_back(segments.Text(0));
      metric.segments.push_back(segments.Text(1));
    }
  }
  return metrics;
}

Result<json::Value> MetricsToJson(const std::vector<StoredMetric>& metrics) {
  json::Value out = json::Array();
  for (const StoredMetric& metric : metrics) {
    std::vector<Segment> segments;
    for (const std::string& bytes : metric.segments) segments.push_back(TRY(DecodeSegment(bytes)));
    out.Append(
        MetricToJson(metric.name, metric.type, MergeSegments(std::move(segments), metric.writers)));
  }
  return out;
}

}  // namespace rw::meta
