#include "server/run_ops.h"

#include "base/strings.h"
#include "meta/deletion.h"
#include "meta/run_params.h"
#include "meta/snapshots.h"
#include "server/grant.h"

namespace rw::server {
namespace {

Status AddAllocation(db::Connection& db, meta::RunRow& run, const NewAllocation& wanted,
                     const GrantFacts& facts, int64_t now_us) {
  run.attempt++;
  meta::AllocationRow row;
  row.id = wanted.id;
  row.run_row = run.row;
  row.run_id = run.id;
  row.attempt = run.attempt;
  row.compute_row = wanted.compute_row;
  row.node = wanted.node;
  row.secret_hash = wanted.secret_hash;
  row.created_us = now_us;
  row.grant = TRY(MakeGrant(db, run, wanted.environment, facts));
  return meta::InsertAllocation(db, row);
}

Result<std::optional<meta::RunRow>> SameRequest(db::Connection& db, const meta::RunRow& wanted) {
  auto have = TRY(meta::FindRun(db, wanted.id));
  if (have && have->deleted_us != 0)
    return Error(Code::kConflict,
                 meta::DeletedError(db, wanted.id, have->deleted_us).message() +
                     "; another run needs another id",
                 "run_id");
  if (!have || have->request_digest == wanted.request_digest) return have;
  return Error(Code::kConflict,
               "run '" + wanted.id + "' exists already and was submitted with other content",
               "run_id");
}

Status AddDetails(db::Connection& db, const Submission& submission, int64_t run_row) {
  for (const auto& [key, value] : submission.tags) TRY(meta::SetTag(db, run_row, key, value));
  for (const auto& [key, value] : submission.properties) {
    TRY(meta::AddProperty(db, run_row, key, value));
  }
  TRY(meta::SetParams(db, run_row, submission.params));
  for (const auto& [source, message] : submission.warnings) {
    TRY(meta::AddWarning(db, run_row, source, message));
  }
  return Ok();
}

}  // namespace

Status NoteEnvironment(db::Connection& db, meta::RunRow& run, const ReadyEnvironment& ready,
                       int64_t now_us) {
  run.build_id = ready.build_id;
  if (run.environment.is_null()) run.environment = json::Object();
  run.environment.Set("env_id", ready.env_id);
  if (!ready.build_id.empty()) run.environment.Set("build_id", ready.build_id);
  if (!ready.python.empty()) run.environment.Set("python_version", ready.python);
  run.environment.Set("interpreter", ready.interpreter);
  for (const EnvironmentWarning& w : ready.warnings) {
    TRY(meta::AddWarning(db, run.row, w.source, w.message));
  }
  if (ready.lock_artifact.name.empty()) return Ok();
  auto insert =
      TRY(db.Prepare("INSERT OR IGNORE INTO artifacts (run_row, name, digest, size, source, "
                     "created_us, updated_us)"
                     " VALUES (?, ?, ?, ?, 'upload', ?, ?)"));
  insert.Bind(run.row).Bind(ready.lock_artifact.name).Bind(ready.lock_artifact.digest);
  return insert.Bind(ready.lock_artifact.size).Bind(now_us).Bind(now_us).Run();
}

Result<Submitted> InsertSubmission(db::Connection& db, Submission submission,
                                   const std::optional<NewAllocation>& allocation,
                                   const GrantFacts& facts, const FenceClaim& fence) {
  TRY(CheckFence(db, fence));
  meta::RunRow& run = submission.run;
  if (auto same = TRY(SameRequest(db, run))) {
    return Submitted{TRY(meta::RunToJson(db, *same, facts.server_url)), same->row, true};
  }
  // It was there when the request came; a collection may have removed it since.
  if (!run.snapshot_id.empty() && !TRY(meta::SnapshotRepository(db).Find(run.snapshot_id)))
    return Error(Code::kFailedPrecondition,
                 "snapshot " + run.snapshot_id + " is not on this server; upload it and repeat",
                 "snapshot_id");
  run.experiment_id = TRY(meta::EnsureExperiment(db, run.workspace_id, run.experiment,
                                                 submission.new_experiment_id, run.created_us));
  TRY(meta::InsertRun(db, run));
  TRY(AddDetails(db, submission, run.row));
  if (allocation) {
    TRY(NoteEnvironment(db, run, allocation->environment, run.created_us));
    TRY(AddAllocation(db, run, *allocation, facts, run.created_us));
    TRY(meta::SaveRun(db, run));
  }
  return Submitted{TRY(meta::RunToJson(db, run, facts.server_url)), run.row, false};
}

Result<bool> PlaceRun(db::Connection& db, const std::string& run_id,
                      const NewAllocation& allocation, const GrantFacts& facts, int64_t now_us) {
  auto run = TRY(meta::FindRun(db, run_id));
  if (!run || !model::IsBeforeStart(run->state.status)) return false;
  if (TRY(meta::LiveAllocationOf(db, run->row))) return false;
  model::RunEvent event{.kind = model::EventKind::kWait, .now_us = now_us};
  event.status = model::RunStatus::kStarting;
  event.reason = {"starting on node '" + allocation.node + "'", 0};
  run->state = TRY(model::Apply(run->state, event));
  TRY(NoteEnvironment(db, *run, allocation.environment, now_us));
  TRY(AddAllocation(db, *run, allocation, facts, now_us));
  TRY(meta::SaveRun(db, *run));
  return true;
}

Result<bool> FailAttempt(db::Connection& db, const std::string& run_id,
                         const std::string& allocation_id, const json::Value& error,
                         int64_t now_us) {
  auto run = TRY(meta::LoadRun(db, run_id));
  if (!allocation_id.empty()) {
    auto allocation = TRY(meta::FindAllocation(db, allocation_id));
    if (!allocation || allocation->ended()) return false;
    TRY(meta::EndAllocation(db, allocation->row, "fenced", now_us));
  }
  model::RunEvent event{.kind = model::EventKind::kAttemptFailed, .now_us = now_us};
  event.value = error;
  bool changed = TRY(meta::ApplyToRun(db, run, event));
  if (model::IsTerminal(run.state.status)) TRY(EndOpenChildren(db, run, now_us));
  return changed;
}

Result<bool> EndLostRun(db::Connection& db, const std::string& run_id,
                        const std::string& allocation_id, const json::Value& exit_record,
                        const std::string& warning, int64_t now_us) {
  auto run = TRY(meta::LoadRun(db, run_id));
  bool knows_exit = run.state.exit.is_object() || exit_record.is_object();
  if (!knows_exit) {
    return FailAttempt(db, run_id, allocation_id,
                       model::SystemError("supervisor lost: the process that looked after the run "
                                          "was killed, so the run was ended",
                                          "Submit the run again. Logs and metrics up to that "
                                          "moment are kept."),
                       now_us);
  }
  auto allocation = TRY(meta::FindAllocation(db, allocation_id));
  if (!allocation || allocation->ended()) return false;
  TRY(meta::EndAllocation(db, allocation->row, "fenced", now_us));
  TRY(meta::AddWarning(db, run.row, "executor", warning));
  if (run.state.exit.is_null()) {
    model::RunEvent exited{.kind = model::EventKind::kExited, .now_us = now_us};
    exited.time_us = exit_record.IntOr("time_us", 0);
    exited.value = exit_record;
    run.state = TRY(model::Apply(run.state, exited));
  }
  TRY(meta::ApplyToRun(db, run, {.kind = model::EventKind::kFinished, .now_us = now_us}));
  TRY(EndOpenChildren(db, run, now_us));
  return true;
}

Result<std::vector<std::string>> EndOpenChildren(db::Connection& db, const meta::RunRow& run,
                                                 int64_t now_us) {
  std::vector<std::string> ended;
  for (const std::string& id : TRY(meta::Descendants(db, run.id))) {
    auto child = TRY(meta::LoadRun(db, id));
    if (child.state.supervised || model::IsTerminal(child.state.status)) continue;
    model::RunEvent event{.kind = model::EventKind::kDeclare, .now_us = now_us};
    if (run.state.status == model::RunStatus::kCanceled) event.kind = model::EventKind::kCancel;
    event.value = json::Object();
    bool failed = run.state.status == model::RunStatus::kFailed;
    event.value.Set("status", failed ? "Failed" : "Completed");
    if (failed) {
      json::Value error = json::Object();
      event.value.Set("error", error.Set("message", "The run that made this child run failed."));
    }
    if (TRY(meta::ApplyToRun(db, child, event))) ended.push_back(id);
  }
  return ended;
}

}  // namespace rw::server
