// Runs and experiments that leave the lists: archived (for as long as one likes) or deleted (until
// the grace time is over, then removed for good). Functions that change something run inside an
// operation of the writer.
#pragma once

#include <string>
#include <vector>

#include "db/connection.h"
#include "meta/run_row.h"

namespace rw::meta {

/// kNotFound that says when the run was deleted, until when it can be restored, and how.
Error DeletedError(db::Connection& db, const std::string& run_id, int64_t deleted_us);

/// The run and every run below it. kFailedPrecondition names one that is still alive: nothing is
/// changed then. Ids of those that are deleted by this call; none where the run was deleted before.
Result<std::vector<std::string>> DeleteRun(db::Connection& db, const std::string& run_id,
                                           int64_t now_us);

/// Undoes DeleteRun: the run, and those below it that went with it. kConflict where its parent is
/// deleted (restore that one). Ids of those that are back.
Result<std::vector<std::string>> RestoreRun(db::Connection& db, const std::string& run_id);

/// `archived_us` 0 takes it back. The run alone: its children are seen through it.
Status SetRunArchived(db::Connection& db, const std::string& run_id, int64_t archived_us);

/// By name, or by id. kNotFound for a deleted one.
struct ExperimentKey {
  int64_t row = 0;
  std::string id;
  std::string name;
};
Result<ExperimentKey> FindExperiment(db::Connection& db, const std::string& workspace_id,
                                     const std::string& name_or_id);

/// kConflict where it has runs, unless `with_runs`, which deletes them too (kFailedPrecondition
/// when one is alive). The number of runs deleted.
Result<int64_t> DeleteExperiment(db::Connection& db, const ExperimentKey& experiment,
                                 bool with_runs, int64_t now_us);
Status SetExperimentArchived(db::Connection& db, const ExperimentKey& experiment,
                             int64_t archived_us);
/// Removes a deleted run for good: its row and every row that hangs on it. kFailedPrecondition for
/// one that is not deleted.
Status PurgeRun(db::Connection& db, const std::string& run_id);
/// Deleted experiments, deleted up to `deleted_us`, that no run is in any more; their number.
Result<int64_t> PurgeExperiments(db::Connection& db, int64_t deleted_us);
/// Records of snapshots made up to `created_us` that no run and no model has (deleted
/// models count for nothing); their number.
Result<int64_t> PurgeSnapshots(db::Connection& db, int64_t created_us);

/// A run that is made in an experiment brings it back to the lists.
Status ReviveExperiment(db::Connection& db, const std::string& experiment_id);

}  // namespace rw::meta
