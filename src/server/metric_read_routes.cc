// Metrics read in order, whole or in buckets, by workers: a million values take a second to write
// out.
#include <memory>

#include "base/log.h"
#include "db/read_transaction.h"
#include "json/text.h"
#include "meta/metric_text.h"
#include "meta/run_ref.h"
#include "os/paths.h"
#include "server/run_routes.h"
#include "server/spooled_body.h"

namespace rw::server {
namespace {

using Damages = std::vector<std::pair<std::string, meta::DamagedSegment>>;  // by run id

/// One answer on its way.
struct Reading {
  Reading(os::FileSystem& fs, std::string spool) : body(fs, std::move(spool)) {}
  SpooledBody body;
  net::Response response;
  Damages damages;
};

std::shared_ptr<Reading> NewReading(ServerContext& context) {
  std::string name = "metrics-" + context.random.Hex(16);
  auto reading = std::make_shared<Reading>(context.fs, os::JoinPath(context.paths.spool, name));
  reading->response.headers["Content-Type"] = "application/json";
  return reading;
}

std::string DamageText(const meta::DamagedSegment& damage) {
  std::string text = "Metric '";
  text += damage.metric;
  text += "': ";
  text += std::to_string(damage.count);
  text += " values of writer ";
  text += damage.writer;
  text += " (from its record ";
  text += std::to_string(damage.first_seq);
  text += " on) are damaged on the server's disk and left out: ";
  text += damage.reason;
  text += ". A backup may have them.";
  return text;
}

void AppendDamages(const Damages& damages, std::string& out) {
  bool first = true;
  for (const auto& [run, damage] : damages) {
    out += first ? ",\"damaged\":[" : ",";
    first = false;
    out += "{\"run\":";
    json::AppendQuoted(out, run);
    out += ",\"metric\":";
    json::AppendQuoted(out, damage.metric);
    out += ",\"count\":";
    json::AppendInt(out, damage.count);
    out += ",\"message\":";
    json::AppendQuoted(out, DamageText(damage));
    out += '}';
  }
  if (!first) out += ']';
}

/// Says it in the server's log and among the run's warnings, where it is said once.
void Report(ServerContext& context, const Damages& damages) {
  for (const auto& [run, damage] : damages) {
    LOG_ERROR("metric.damaged", {"run", run}, {"metric", damage.metric}, {"writer", damage.writer},
              {"first_seq", damage.first_seq}, {"count", damage.count}, {"error", damage.reason});
    context.writer.Submit(
        "metric.damaged",
        [run = run, text = DamageText(damage)](db::Connection& db) -> Status {
          auto row = TRY(meta::FindRun(db, run));
          return row ? meta::AddWarning(db, row->row, "metrics", text) : Ok();
        },
        nullptr);
  }
}

Status WriteRun(db::Connection& db, const std::string& run_id,
                const std::optional<std::string>& name, meta::TextSink& out, Damages& damages) {
  auto run = TRY(meta::FindRunRef(db, run_id));
  std::vector<meta::DamagedSegment> found;
  TRY(meta::WriteMetrics(db, run.row, name, out, found));
  for (meta::DamagedSegment& damage : found) damages.emplace_back(run_id, std::move(damage));
  return Ok();
}

Status WriteAll(db::Connection& db, const std::string& run_id, bool recursive,
                const std::optional<std::string>& name, Reading& reading) {
  auto one_state = TRY(db::ReadTransaction::Begin(db));
  meta::TextSink out([&](std::string_view piece) { return reading.body.Write(piece); });
  if (!recursive) {
    out.text() += "{\"metrics\":";
    TRY(WriteRun(db, run_id, name, out, reading.damages));
  } else {
    out.text() += "{\"runs\":{";
    std::vector<std::string> ids = TRY(meta::Descendants(db, run_id));
    ids.insert(ids.begin(), run_id);
    for (size_t i = 0; i < ids.size(); i++) {
      if (i > 0) out.text() += ',';
      json::AppendQuoted(out.text(), ids[i]);
      out.text() += ':';
      TRY(WriteRun(db, ids[i], name, out, reading.damages));
    }
    out.text() += '}';
  }
  AppendDamages(reading.damages, out.text());
  out.text() += '}';
  TRY(out.Flush());
  reading.response.body = TRY(reading.body.Finish());
  return Ok();
}

void Read(RunService& service, const CallPtr& call,
          std::function<Status(db::Connection&, Reading&)> work) {
  ServerContext& context = service.context();
  Status may = context.auth.MayReadRun(call->principal, call->Param("run"));
  if (!may) return call->Fail(may.error());
  auto reading = NewReading(context);
  ReadAside(
      context, "metrics.read",
      [reading, work = std::move(work)](db::Connection& db) { return work(db, *reading); },
      [&context, call, reading](Status status) {
        Report(context, reading->damages);
        if (!status) return call->Fail(status.error());
        call->Answer(std::move(reading->response));
      });
}

void Get(RunService& service, const CallPtr& call) {
  auto recursive = call->QueryBool("recursive", false);
  if (!recursive) return call->Fail(recursive.error());
  Read(service, call,
       [run = call->Param("run"), recursive = *recursive, name = call->request.Query("name")](
           db::Connection& db, Reading& reading) {
         return WriteAll(db, run, recursive, name, reading);
       });
}

Status WriteSeries(db::Connection& db, const std::string& run_id, const std::string& name,
                   int64_t buckets, Reading& reading) {
  auto one_state = TRY(db::ReadTransaction::Begin(db));
  auto run = TRY(meta::FindRunRef(db, run_id));
  std::vector<meta::DamagedSegment> found;
  std::string& out = reading.response.body.bytes;
  TRY(meta::WriteBuckets(db, run.row, name, buckets, out, found));
  for (meta::DamagedSegment& damage : found) reading.damages.emplace_back(run_id, damage);
  out.pop_back();
  AppendDamages(reading.damages, out);
  out += '}';
  return Ok();
}

void Series(RunService& service, const CallPtr& call) {
  auto name = call->RequireQuery("name");
  if (!name) return call->Fail(name.error());
  auto buckets = call->QueryInt("buckets", 1000, 1, 10'000);
  if (!buckets) return call->Fail(buckets.error());
  Read(service, call,
       [run = call->Param("run"), name = *name, buckets = *buckets](db::Connection& db,
                                                                    Reading& reading) {
         return WriteSeries(db, run, name, buckets, reading);
       });
}

}  // namespace

void RegisterMetricReadRoutes(Router& router, RunService& service) {
  router.Add("GET", "/api/v1/runs/{run}/metrics",
             [&service](const CallPtr& call) { Get(service, call); });
  router.Add("GET", "/api/v1/runs/{run}/metrics/series",
             [&service](const CallPtr& call) { Series(service, call); });
}

}  // namespace rw::server
