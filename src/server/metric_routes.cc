// Metrics logged from outside of a run, also of one that ended.
#include <map>
#include <memory>

#include "meta/metric_packing.h"
#include "meta/metric_rows.h"
#include "meta/run_ref.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

/// The writer of values that came by this route. They carry wall time only.
constexpr std::string_view kServerWriter = "0000000000000000";

struct Value {
  std::string name;
  std::string type;
  std::optional<int64_t> step;
  json::Value value;
};

Result<std::vector<Value>> ReadValues(const Call& call) {
  json::Value body = TRY(call.JsonBody());
  if (!body["metrics"].is_array()) {
    return Error(Code::kInvalidArgument, "metrics must be a list", "metrics");
  }
  std::vector<Value> values;
  for (const json::Value& one : body["metrics"].as_array()) {
    std::string field = "metrics[" + std::to_string(values.size()) + "]";
    Value value{one.StringOr("name"), one.StringOr("type", "scalar"), std::nullopt, one["value"]};
    if (value.name.empty()) return Error(Code::kInvalidArgument, field + " has no name", field);
    if (one["step"].is_int())
      value.step = one["step"].as_int();
    else if (!one["step"].is_null())
      return Error(Code::kInvalidArgument, field + ".step must be a whole number", field + ".step");
    values.push_back(std::move(value));
  }
  return values;
}

void AddValue(meta::SegmentBuilder& segment, const Value& value, int64_t now_us) {
  bool names_number = value.value.is_string() && value.type == "scalar" &&
                      json::DoubleFrom(value.value).has_value();
  if (value.type == "scalar" && (value.value.is_number() || names_number)) {
    return segment.AddNumber(now_us, now_us, value.step, *json::DoubleFrom(value.value),
                             value.value.is_int());
  }
  segment.AddJson(now_us, now_us, value.step, json::Write(value.value));
}

/// Where the next segment of this metric stands among those that came by this route.
Result<int64_t> NextSeq(db::Connection& db, int64_t run_row, const std::string& name) {
  auto row =
      TRY(db.Prepare("SELECT max(first_seq) FROM metric_segments WHERE writer = ?1 AND metric_id ="
                     " (SELECT id FROM metrics WHERE run_row = ?2 AND name = ?3)"));
  TRY(row.Bind(kServerWriter).Bind(run_row).Bind(name).Step());
  return row.IsNull(0) ? 0 : row.Int(0) + 1;
}

Result<net::Response> Store(db::Connection& db, const std::string& run_id,
                            const std::vector<Value>& values, int64_t now_us) {
  auto run = TRY(meta::FindRunRef(db, run_id));
  std::map<std::string, std::pair<std::string, meta::SegmentBuilder>> segments;
  for (const Value& value : values) {
    auto at = segments.try_emplace(value.name, value.type, meta::SegmentBuilder("")).first;
    AddValue(at->second.second, value, now_us);
  }
  for (const auto& [name, segment] : segments) {
    int64_t seq = TRY(NextSeq(db, run.row, name));
    TRY(meta::AddSegment(db, run.row, name, segment.first, kServerWriter, seq, segment.second));
  }
  auto status = model::ParseRunStatus(run.status);
  if (status && model::IsTerminal(*status)) TRY(meta::QueuePacking(db, run.row));
  json::Value out = json::Object();
  return net::JsonResponse(out.Set("count", static_cast<int64_t>(values.size())));
}

void Log(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  std::string run_id = call->Param("run");
  Status may = context.auth.MayWriteRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  auto values = ReadValues(*call);
  if (!values) return call->Fail(values.error());
  const uint64_t points = values->size();
  CommitAndAnswer(
      context, "metrics", call,
      [run_id, values = *std::move(values), now_us = context.NowMicros()](db::Connection& db) {
        return Store(db, run_id, values, now_us);
      },
      [&service, &context, run_id, points] {
        context.stats.points += points;
        service.metric_sorter().Note();
        service.metric_packer().Note();
        context.events.Publish(run_id, {RunEvent::Kind::kMetrics, ""});
      });
}

}  // namespace

void RegisterMetricRoutes(Router& router, RunService& service) {
  router.Add("POST", "/api/v1/runs/{run}/metrics",
             [&service](const CallPtr& call) { Log(service, call); });
}

}  // namespace rw::server
