// GET /metrics, for Prometheus.
#include <map>
#include <memory>

#include "server/prometheus_text.h"
#include "server/routes.h"
#include "server/server_stats.h"

namespace rw::server {
namespace {

using RunCounts = std::map<std::string, int64_t>;

Status CountRuns(db::Connection& db, RunCounts& counts) {
  auto row =
      TRY(db.Prepare("SELECT status, count(*) FROM runs WHERE deleted_us IS NULL GROUP BY status"));
  while (TRY(row.Step())) counts[row.Text(0)] = row.Int(1);
  return Ok();
}

void AddHistogram(PrometheusText& text, const std::string& name, const Labels& labels,
                  const DurationHistogram& histogram) {
  for (size_t i = 0; i < DurationHistogram::kBounds.size(); i++) {
    Labels with = labels;
    with.emplace_back("le", json::Write(json::Value(DurationHistogram::kBounds[i])));
    text.Sample(name + "_bucket", with, static_cast<double>(histogram.CumulativeCount(i)));
  }
  Labels all = labels;
  all.emplace_back("le", "+Inf");
  text.Sample(name + "_bucket", all, static_cast<double>(histogram.count()));
  text.Sample(name + "_sum", labels, histogram.sum_seconds());
  text.Sample(name + "_count", labels, static_cast<double>(histogram.count()));
}

void AddRequests(PrometheusText& text, const ServerStats& stats) {
  text.Family("runwright_http_requests_total", "counter", "Answers by route and status.");
  for (const auto& [key, count] : stats.requests) {
    const auto& [method, route, status] = key;
    text.Sample("runwright_http_requests_total",
                {{"method", method}, {"route", route}, {"status", std::to_string(status)}},
                static_cast<double>(count));
  }
  text.Family("runwright_http_request_bytes_total", "counter",
              "Bytes of request bodies by route: journals, logs, blobs.");
  for (const auto& [route, bytes] : stats.request_bytes)
    text.Sample("runwright_http_request_bytes_total", {{"route", route}},
                static_cast<double>(bytes));
  text.Family("runwright_http_request_duration_seconds", "histogram",
              "From a whole request to its answer; long polls wait for an event.");
  for (const auto& [route, histogram] : stats.request_time)
    AddHistogram(text, "runwright_http_request_duration_seconds", {{"route", route}}, histogram);
}

void AddGauge(PrometheusText& text, std::string_view name, std::string_view help, double value) {
  text.Family(name, "gauge", help);
  text.Sample(name, {}, value);
}

void AddWrites(PrometheusText& text, const ServerStats& stats) {
  text.Family("runwright_points_total", "counter", "Metric values that came in and are durable.");
  text.Sample("runwright_points_total", {}, static_cast<double>(stats.points));
  AddGauge(text, "runwright_writes_waiting", "Operations of the writer that are not durable yet.",
           static_cast<double>(stats.writes_waiting));
  text.Family("runwright_writes_failed_total", "counter",
              "Operations that were refused or failed.");
  text.Sample("runwright_writes_failed_total", {}, static_cast<double>(stats.writes_failed));
  text.Family("runwright_write_duration_seconds", "histogram",
              "From an operation's submission to its COMMIT being on the disk.");
  AddHistogram(text, "runwright_write_duration_seconds", {}, stats.write_time);
}

void AddHost(PrometheusText& text, const HostFacts& facts) {
  AddGauge(text, "process_resident_memory_bytes", "Resident memory of the server.",
           static_cast<double>(facts.resident_bytes));
  AddGauge(text, "runwright_data_disk_free_bytes", "Room that is left where the data folder is.",
           static_cast<double>(facts.disk_free_bytes));
  AddGauge(text, "runwright_data_disk_size_bytes", "Size of that file system.",
           static_cast<double>(facts.disk_size_bytes));
}

std::string Write(ServerContext& context, const ServerStats& stats, const RunCounts& runs,
                  int64_t started_us) {
  PrometheusText text;
  text.Family("runwright_build_info", "gauge", "The server's version.");
  text.Sample("runwright_build_info", {{"version", context.options.version}}, 1);
  AddGauge(text, "process_start_time_seconds", "Since 1970.",
           static_cast<double>(started_us) / 1e6);
  text.Family("runwright_runs", "gauge", "Runs by status; deleted ones do not count.");
  for (const auto& [status, count] : runs)
    text.Sample("runwright_runs", {{"status", status}}, static_cast<double>(count));
  AddRequests(text, stats);
  AddWrites(text, stats);
  if (context.options.host_facts) AddHost(text, context.options.host_facts());
  return text.Take();
}

}  // namespace

void RegisterPrometheusRoutes(Router& router, ServerContext& context, const ServerStats& stats) {
  int64_t started_us = context.NowMicros();
  router.Add(
      "GET", "/metrics",
      [&context, &stats, started_us](const CallPtr& call) {
        auto runs = std::make_shared<RunCounts>();
        ReadAside(
            context, "metrics.runs", [runs](db::Connection& db) { return CountRuns(db, *runs); },
            [&context, &stats, started_us, runs, call](const Status& status) {
              if (!status) return call->Fail(status.error());
              net::Response response;
              response.headers["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
              response.body.bytes = Write(context, stats, *runs, started_us);
              call->Answer(std::move(response));
            });
      },
      Access::kOwner);
}

}  // namespace rw::server
