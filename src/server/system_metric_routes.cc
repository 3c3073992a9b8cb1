// What a run's processes and its machine used, as its executor saw it. Apart from the metrics that
// the run logs: nothing here is in GET …/metrics.
#include <map>

#include "base/clock.h"
#include "meta/run_ref.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

constexpr size_t kMostSamples = 10'000;
constexpr size_t kMostNames = 256;
constexpr size_t kLongestName = 128;

std::string UnitOf(const std::string& name) {
  if (name.ends_with("_percent")) return "percent";
  if (name.ends_with("_bytes_per_second")) return "bytes/s";
  return name.ends_with("_bytes") ? "bytes" : "count";
}

Status CheckColumn(const std::string& name, const json::Value& column, size_t size) {
  if (name.empty() || name.size() > kLongestName)
    return Error(Code::kInvalidArgument, "a name has 1 to 128 bytes", "values");
  if (!column.is_array() || column.as_array().size() != size)
    return Error(Code::kInvalidArgument, "'" + name + "' must have one entry a time", "values");
  for (const json::Value& value : column.as_array())
    if (!value.is_number() && !value.is_null())
      return Error(Code::kInvalidArgument, "'" + name + "' must have numbers or null", "values");
  return Ok();
}

struct Batch {
  std::string run_id;
  int64_t first_us = 0;
  int64_t count = 0;
  std::string text;
};

Result<Batch> ReadBatch(ServerContext& context, const Call& call) {
  Batch batch{.run_id = call.Param("run")};
  TRY(context.auth.MayWriteRun(call.principal, batch.run_id));
  json::Value body = TRY(call.JsonBody());
  const json::Value& times = body["times_us"];
  const json::Value& values = body["values"];
  if (!times.is_array() || times.as_array().empty() || times.as_array().size() > kMostSamples)
    return Error(Code::kInvalidArgument, "times_us must be a list of 1 to 10,000 times",
                 "times_us");
  for (const json::Value& time : times.as_array())
    if (!time.is_int())
      return Error(Code::kInvalidArgument, "times_us are whole microseconds since 1970",
                   "times_us");
  if (!values.is_object() || values.as_object().size() > kMostNames)
    return Error(Code::kInvalidArgument, "values must be an object of at most 256 names", "values");
  for (const auto& [name, column] : values.as_object())
    TRY(CheckColumn(name, column, times.as_array().size()));
  batch.first_us = times.as_array()[0].as_int();
  batch.count = static_cast<int64_t>(times.as_array().size());
  json::Value kept = json::Object();
  batch.text = json::Write(kept.Set("times_us", times).Set("values", values));
  return batch;
}

void Take(RunService& service, const CallPtr& call) {
  auto batch = ReadBatch(service.context(), *call);
  if (!batch) return call->Fail(batch.error());
  CommitAndAnswer(
      service.context(), "system_metrics", call,
      [batch = *std::move(batch)](db::Connection& db) -> Result<net::Response> {
        auto run = TRY(meta::FindRunRef(db, batch.run_id));
        // A repeat of a batch whose answer was lost has the same first time.
        auto insert = TRY(
            db.Prepare("INSERT OR IGNORE INTO system_metrics (run_row, first_us, count, data_json)"
                       " VALUES (?, ?, ?, ?)"));
        TRY(insert.Bind(run.row).Bind(batch.first_us).Bind(batch.count).Bind(batch.text).Run());
        return net::JsonResponse(json::Object());
      });
}

struct Series {
  json::Array times;
  json::Array values;
};

void AddBatch(const json::Value& batch, const std::string& wanted,
              std::map<std::string, Series>& all) {
  const json::Array& times = batch["times_us"].as_array();
  for (const auto& [name, column] : batch["values"].as_object()) {
    if (!wanted.empty() && name != wanted) continue;
    Series& series = all[name];
    for (size_t i = 0; i < times.size() && i < column.as_array().size(); i++) {
      if (column.as_array()[i].is_null()) continue;
      series.times.emplace_back(FormatUtc(times[i].as_int()));
      series.values.push_back(column.as_array()[i]);
    }
  }
}

Result<net::Response> Get(RunService& service, Call& call) {
  ServerContext& context = service.context();
  TRY(context.auth.MayReadRun(call.principal, call.Param("run")));
  auto run = TRY(meta::LoadRun(context.read, call.Param("run")));
  std::string wanted = call.request.Query("name").value_or("");
  auto rows = TRY(context.read.Prepare(
      "SELECT data_json FROM system_metrics WHERE run_row = ? ORDER BY first_us"));
  rows.Bind(run.row);
  std::map<std::string, Series> all;
  while (TRY(rows.Step())) AddBatch(TRY(json::Parse(rows.Text(0))), wanted, all);
  json::Array metrics;
  for (auto& [name, series] : all) {
    json::Value one = json::Object();
    one.Set("name", name).Set("unit", UnitOf(name));
    one.Set("times", std::move(series.times)).Set("values", std::move(series.values));
    metrics.push_back(std::move(one));
  }
  json::Value out = json::Object();
  return net::JsonResponse(out.Set("metrics", std::move(metrics)));
}

}  // namespace

void RegisterSystemMetricRoutes(Router& router, RunService& service) {
  router.Add("POST", "/api/v1/runs/{run}/system_metrics",
             [&service](const CallPtr& call) { Take(service, call); });
  router.AddSync("GET", "/api/v1/runs/{run}/system_metrics",
                 [&service](Call& call) { return Get(service, call); });
}

}  // namespace rw::server
