#include "meta/metric_text.h"

#include "base/time_text.h"
#include "json/text.h"
#include "json/value.h"

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

void AppendValue(std::string& out, const Segment& segment, size_t i) {
  std::string_view text = segment.Json(i);
  if (text.empty() && segment.Integer(i))
    return json::AppendInt(out, static_cast<int64_t>(segment.Number(i)));
  if (text.empty()) return json::AppendDouble(out, segment.Number(i));
  if (text.find("$number") == std::string_view::npos) {
    out += text;
    return;
  }
  auto value = json::Parse(text);
  out += value ? json::Write(PlainNumbers(*std::move(value))) : "null";
}

void AppendStep(std::string& out, const Segment& segment, size_t i) {
  if (auto step = segment.Step(i)) {
    json::AppendInt(out, *step);
  } else {
    out += "null";
  }
}

void AppendTime(std::string& out, const Segment& segment, size_t i) {
  out += '"';
  AppendUtc(out, segment.Wall(i));
  out += '"';
}

using AppendPoint = void (*)(std::string& out, const Segment& segment, size_t i);

/// "[…]" of one thing of each point.
Status WriteEach(db::Connection& db, const MetricRef& metric, AppendPoint append, TextSink& out,
                 std::vector<DamagedSegment>* damaged) {
  out.text() += '[';
  bool first = true;
  auto visit = [&](const Segment& segment, size_t begin, size_t end) -> Status {
    for (size_t i = begin; i < end; i++) {
      if (!first) out.text() += ',';
      first = false;
      append(out.text(), segment, i);
      TRY(out.Spill());
    }
    return Ok();
  };
  TRY(VisitMetric(db, metric, damaged, visit));
  out.text() += ']';
  return Ok();
}

Result<bool> HasSteps(db::Connection& db, const MetricRef& metric) {
  auto rows = TRY(db.Prepare("SELECT data FROM metric_segments WHERE metric_id = ?"));
  rows.Bind(metric.id);
  while (TRY(rows.Step())) {
    auto segment = Segment::Open(rows.View(0));
    if (segment && segment->has_steps()) return true;
  }
  return false;
}

Status WriteMetric(db::Connection& db, const MetricRef& metric, TextSink& out,
                   std::vector<DamagedSegment>& damaged) {
  out.text() += "{\"name\":";
  json::AppendQuoted(out.text(), metric.name);
  out.text() += ",\"type\":";
  json::AppendQuoted(out.text(), metric.type);
  out.text() += ",\"values\":";
  TRY(WriteEach(db, metric, AppendValue, out, &damaged));
  out.text() += ",\"steps\":";
  if (TRY(HasSteps(db, metric))) {
    TRY(WriteEach(db, metric, AppendStep, out, nullptr));
  } else {
    out.text() += "null";
  }
  out.text() += ",\"times\":";
  TRY(WriteEach(db, metric, AppendTime, out, nullptr));
  out.text() += '}';
  return out.Spill();
}

}  // namespace

Status TextSink::Flush() {
  TRY(write_(text_));
  text_.clear();
  return Ok();
}

Status WriteMetrics(db::Connection& db, int64_t run_row, const std::optional<std::string>& name,
                    TextSink& out, std::vector<DamagedSegment>& damaged) {
  out.text() += '[';
  bool first = true;
  for (const MetricRef& metric : TRY(FindMetrics(db, run_row, name))) {
    if (!first) out.text() += ',';
    first = false;
    TRY(WriteMetric(db, metric, out, damaged));
  }
  out.text() += ']';
  return Ok();
}

}  // namespace rw::meta
