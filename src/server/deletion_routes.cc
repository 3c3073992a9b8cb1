// Deleting, restoring and archiving runs and experiments.
#include "meta/deletion.h"
#include "meta/retention.h"
#include "meta/workspaces.h"
#include "server/run_routes.h"

namespace rw::server {
namespace {

json::Array Texts(const std::vector<std::string>& ids) {
  return json::Array(ids.begin(), ids.end());
}

/// Everybody who shows this run looks again.
void Tell(RunService& service, const std::string& run_id) {
  service.context().events.Publish(run_id, {RunEvent::Kind::kStatus, ""});
}

void Delete(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  const std::string& run_id = call->Param("run");
  Status may = context.auth.MayChangeDeletedRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  CommitAndAnswer(
      context, "run.delete", call,
      [run_id, now_us = context.NowMicros()](db::Connection& db) -> Result<net::Response> {
        auto deleted = TRY(meta::DeleteRun(db, run_id, now_us));
        auto run = TRY(meta::LoadRun(db, run_id));
        json::Value out;
        out.Set("deleted", Texts(deleted)).Set("deleted_time", FormatUtc(run.deleted_us));
        out.Set("purge_time", FormatUtc(TRY(meta::PurgeTime(db, run.deleted_us))));
        return net::JsonResponse(out);
      },
      [&service, run_id] { Tell(service, run_id); });
}

void Restore(RunService& service, const CallPtr& call) {
  ServerContext& context = service.context();
  const std::string& run_id = call->Param("run");
  Status may = context.auth.MayChangeDeletedRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  CommitAndAnswer(
      context, "run.restore", call,
      [run_id](db::Connection& db) -> Result<net::Response> {
        json::Value out;
        return net::JsonResponse(out.Set("restored", Texts(TRY(meta::RestoreRun(db, run_id)))));
      },
      [&service, run_id] { Tell(service, run_id); });
}

void Archive(RunService& service, const CallPtr& call, bool archived) {
  ServerContext& context = service.context();
  const std::string& run_id = call->Param("run");
  Status may = context.auth.MayWriteRun(call->principal, run_id);
  if (!may) return call->Fail(may.error());
  CommitAndAnswer(
      context, "run.archive", call,
      [run_id, us = archived ? context.NowMicros() : 0,
       portal = context.options.url](db::Connection& db) -> Result<net::Response> {
        TRY(meta::SetRunArchived(db, run_id, us));
        auto run = TRY(meta::LoadRun(db, run_id));
        return net::JsonResponse(TRY(meta::RunToJson(db, run, portal)));
      },
      [&service, run_id] { Tell(service, run_id); });
}

void DeleteExperiment(ServerContext& context, const CallPtr& call) {
  auto with_runs = call->QueryBool("delete_children", false);
  if (!with_runs) return call->Fail(with_runs.error());
  CommitAndAnswer(
      context, "experiment.delete", call,
      [ws = call->Param("ws"), name = call->Param("name"), with_runs = *with_runs,
       now_us = context.NowMicros()](db::Connection& db) -> Result<net::Response> {
        auto experiment = TRY(meta::FindExperiment(db, ws, name));
        int64_t runs = TRY(meta::DeleteExperiment(db, experiment, with_runs, now_us));
        json::Value out;
        out.Set("id", experiment.id).Set("name", experiment.name).Set("deleted_runs", runs);
        out.Set("purge_time", FormatUtc(TRY(meta::PurgeTime(db, now_us))));
        return net::JsonResponse(out);
      });
}

void ArchiveExperiment(ServerContext& context, const CallPtr& call, bool archived) {
  CommitAndAnswer(
      context, "experiment.archive", call,
      [ws = call->Param("ws"), name = call->Param("name"),
       us = archived ? context.NowMicros() : 0](db::Connection& db) -> Result<net::Response> {
        auto key = TRY(meta::FindExperiment(db, ws, name));
        TRY(meta::SetExperimentArchived(db, key, us));
        meta::ExperimentRepository experiments(db);
        return net::JsonResponse(meta::ToJson(TRY(experiments.Get(ws, key.name))));
      });
}

}  // namespace

void RegisterDeletionRoutes(Router& router, RunService& service) {
  ServerContext& context = service.context();
  const std::string run = "/api/v1/runs/{run}";
  const std::string experiment = "/api/v1/workspaces/{ws}/experiments/{name}";
  router.Add("DELETE", run, [&](const CallPtr& call) { Delete(service, call); });
  router.Add("POST", run + "/restore", [&](const CallPtr& call) { Restore(service, call); });
  router.Add("POST", run + "/archive", [&](const CallPtr& call) { Archive(service, call, true); });
  router.Add("POST", run + "/unarchive",
             [&](const CallPtr& call) { Archive(service, call, false); });
  router.Add(
      "DELETE", experiment, [&](const CallPtr& call) { DeleteExperiment(context, call); },
      Access::kOwner);
  router.Add(
      "POST", experiment + "/archive",
      [&](const CallPtr& call) { ArchiveExperiment(context, call, true); }, Access::kOwner);
  router.Add(
      "POST", experiment + "/reactivate",
      [&](const CallPtr& call) { ArchiveExperiment(context, call, false); }, Access::kOwner);
}

}  // namespace rw::server
