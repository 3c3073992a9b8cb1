#include "meta/deletion.h"

namespace rw::meta {
namespace {

Result<int64_t> CountRuns(db::Connection& db, const std::string& experiment_id) {
  auto row =
      TRY(db.Prepare("SELECT count(*) FROM runs WHERE experiment_id = ? AND deleted_us IS NULL"));
  TRY(row.Bind(experiment_id).Step());
  return row.Int(0);
}

Status CheckNoneAlive(db::Connection& db, const ExperimentKey& experiment) {
  auto row = TRY(db.Prepare(
      "SELECT id, status FROM runs WHERE experiment_id = ? AND deleted_us IS NULL AND"
      " (status NOT IN ('Completed','Failed','Canceled') OR EXISTS (SELECT 1 FROM allocations a"
      " WHERE a.run_row = runs.row AND a.ended_us IS NULL)) LIMIT 1"));
  if (!TRY(row.Bind(experiment.id).Step())) return Ok();
  return Error(Code::kFailedPrecondition,
               "run " + row.Text(0) + " of experiment '" + experiment.name + "' is " + row.Text(1) +
                   "; cancel or complete it and wait for its end, then delete",
               "name");
}

}  // namespace

Result<ExperimentKey> FindExperiment(db::Connection& db, const std::string& workspace_id,
                                     const std::string& name_or_id) {
  auto row = TRY(
      db.Prepare("SELECT row, id, name FROM experiments WHERE workspace_id = ?1"
                 " AND (name = ?2 OR id = ?2) AND deleted_us IS NULL ORDER BY name <> ?2 LIMIT 1"));
  row.Bind(workspace_id).Bind(name_or_id);
  if (TRY(row.Step())) return ExperimentKey{row.Int(0), row.Text(1), row.Text(2)};
  return Error(Code::kNotFound, "no experiment '" + name_or_id + "' in this workspace", "name");
}

Result<int64_t> DeleteExperiment(db::Connection& db, const ExperimentKey& experiment,
                                 bool with_runs, int64_t now_us) {
  int64_t runs = TRY(CountRuns(db, experiment.id));
  if (runs > 0 && !with_runs)
    return Error(Code::kConflict,
                 "experiment '" + experiment.name + "' has " + std::to_string(runs) +
                     " runs; only an experiment without runs is deleted. Delete them with it "
                     "(delete_children=true), or archive it",
                 "name");
  TRY(CheckNoneAlive(db, experiment));
  auto mark =
      TRY(db.Prepare("UPDATE runs SET deleted_us = ?, version = version + 1 WHERE experiment_id = ?"
                     " AND deleted_us IS NULL"));
  TRY(mark.Bind(now_us).Bind(experiment.id).Run());
  auto update = TRY(db.Prepare("UPDATE experiments SET deleted_us = ? WHERE row = ?"));
  TRY(update.Bind(now_us).Bind(experiment.row).Run());
  return runs;
}

Status SetExperimentArchived(db::Connection& db, const ExperimentKey& experiment,
                             int64_t archived_us) {
  auto update = TRY(db.Prepare("UPDATE experiments SET archived_us = nullif(?, 0) WHERE row = ?"));
  return update.Bind(archived_us).Bind(experiment.row).Run();
}

Status ReviveExperiment(db::Connection& db, const std::string& experiment_id) {
  auto update =
      TRY(db.Prepare("UPDATE experiments SET archived_us = NULL, deleted_us = NULL WHERE id = ?"
                     " AND (archived_us IS NOT NULL OR deleted_us IS NOT NULL)"));
  return update.Bind(experiment_id).Run();
}

}  // namespace rw::meta
