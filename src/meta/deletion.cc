#include "meta/deletion.h"

#include "base/clock.h"
#include "meta/retention.h"

namespace rw::meta {
namespace {

struct Found {
  std::string id;
  std::string status;
  int64_t deleted_us = 0;
  bool has_allocation = false;
};

/// The run first, then everything below it, deleted or not.
Result<std::vector<Found>> Family(db::Connection& db, const std::string& run_id) {
  auto rows = TRY(
      db.Prepare("WITH RECURSIVE family(row, id) AS (SELECT row, id FROM runs WHERE id = ?1 UNION"
                 " SELECT r.row, r.id FROM runs r JOIN family f ON r.parent_id = f.id)"
                 " SELECT r.id, r.status, r.deleted_us, EXISTS (SELECT 1 FROM allocations a"
                 " WHERE a.run_row = r.row AND a.ended_us IS NULL)"
                 " FROM family f JOIN runs r ON r.row = f.row ORDER BY r.id <> ?1, r.row"));
  rows.Bind(run_id);
  std::vector<Found> out;
  while (TRY(rows.Step()))
    out.push_back({rows.Text(0), rows.Text(1), rows.Int(2), rows.Int(3) != 0});
  if (out.empty()) return Error(Code::kNotFound, "no run '" + run_id + "'", "run");
  return out;
}

bool IsOver(const Found& run) {
  auto status = model::ParseRunStatus(run.status);
  return status && model::IsTerminal(*status) && !run.has_allocation;
}

Status SetDeleted(db::Connection& db, const std::string& id, std::optional<int64_t> deleted_us) {
  auto update =
      TRY(db.Prepare("UPDATE runs SET deleted_us = ?, version = version + 1 WHERE id = ?"));
  return update.Bind(deleted_us).Bind(id).Run();
}

}  // namespace

Error DeletedError(db::Connection& db, const std::string& run_id, int64_t deleted_us) {
  auto purge_us = PurgeTime(db, deleted_us);
  std::string until = purge_us ? " until " + FormatUtc(*purge_us) : "";
  return Error(Code::kNotFound,
               "run '" + run_id + "' was deleted at " + FormatUtc(deleted_us) +
                   "; `runwright runs restore " + run_id + "` brings it back" + until,
               "run");
}

Result<std::vector<std::string>> DeleteRun(db::Connection& db, const std::string& run_id,
                                           int64_t now_us) {
  std::vector<std::string> ids;
  std::vector<Found> family = TRY(Family(db, run_id));
  if (family[0].deleted_us != 0) return ids;
  for (const Found& run : family) {
    if (IsOver(run)) continue;
    std::string below = run.id == run_id ? "" : ", a run below " + run_id + ",";
    return Error(Code::kFailedPrecondition,
                 "run " + run.id + below + " is " + run.status +
                     "; cancel or complete it and wait for its end, then delete",
                 "run");
  }
  for (const Found& run : family) {
    if (run.deleted_us != 0) continue;
    TRY(SetDeleted(db, run.id, now_us));
    ids.push_back(run.id);
  }
  return ids;
}

Result<std::vector<std::string>> RestoreRun(db::Connection& db, const std::string& run_id) {
  std::vector<std::string> ids;
  std::vector<Found> family = TRY(Family(db, run_id));
  const int64_t deleted_us = family[0].deleted_us;
  if (deleted_us == 0) return ids;
  auto parent =
      TRY(db.Prepare("SELECT p.id FROM runs r JOIN runs p ON p.id = r.parent_id WHERE r.id = ?"
                     " AND p.deleted_us IS NOT NULL"));
  if (TRY(parent.Bind(run_id).Step()))
    return Error(Code::kConflict,
                 "run " + parent.Text(0) + ", its parent, is deleted; restore that one", "run");
  for (const Found& run : family) {
    if (run.deleted_us != deleted_us) continue;
    TRY(SetDeleted(db, run.id, std::nullopt));
    ids.push_back(run.id);
  }
  auto experiment = TRY(db.Prepare("SELECT experiment_id FROM runs WHERE id = ?"));
  TRY(experiment.Bind(run_id).Step());
  TRY(ReviveExperiment(db, experiment.Text(0)));
  return ids;
}

Status SetRunArchived(db::Connection& db, const std::string& run_id, int64_t archived_us) {
  auto update =
      TRY(db.Prepare("UPDATE runs SET archived_us = nullif(?, 0), version = version + 1"
                     " WHERE id = ? AND deleted_us IS NULL"));
  TRY(update.Bind(archived_us).Bind(run_id).Run());
  if (db.changes() > 0) return Ok();
  return Error(Code::kNotFound, "no run '" + run_id + "'", "run");
}

}  // namespace rw::meta
