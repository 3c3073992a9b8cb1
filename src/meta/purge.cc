// What is removed for good.
#include "meta/deletion.h"

namespace rw::meta {
namespace {

/// Every table whose rows belong to a run, whatever later migrations add; but metric_order, which
/// has no index by run: its rows go with those of metrics, by a trigger.
Result<std::vector<std::string>> TablesOfRuns(db::Connection& db) {
  auto rows =
      TRY(db.Prepare("SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
                     " WHERE m.type = 'table' AND c.name = 'run_row'"
                     " AND m.name <> 'metric_order' ORDER BY m.name"));
  std::vector<std::string> names;
  while (TRY(rows.Step())) names.push_back(rows.Text(0));
  return names;
}

}  // namespace

Status PurgeRun(db::Connection& db, const std::string& run_id) {
  auto find = TRY(db.Prepare("SELECT row, deleted_us FROM runs WHERE id = ?"));
  if (!TRY(find.Bind(run_id).Step())) return Ok();
  const int64_t row = find.Int(0);
  if (find.IsNull(1))
    return Error(Code::kFailedPrecondition, "run " + run_id + " is not deleted", "run");
  for (const std::string& table : TRY(TablesOfRuns(db))) {
    std::string sql = "DELETE FROM ";
    sql += table;
    sql += " WHERE run_row = ?";
    TRY(TRY(db.Prepare(sql)).Bind(row).Run());
  }
  TRY(TRY(db.Prepare("DELETE FROM tokens WHERE run_id = ?")).Bind(run_id).Run());
  return TRY(db.Prepare("DELETE FROM runs WHERE row = ?")).Bind(row).Run();
}

Result<int64_t> PurgeExperiments(db::Connection& db, int64_t deleted_us) {
  auto purge =
      TRY(db.Prepare("DELETE FROM experiments WHERE deleted_us <= ? AND NOT EXISTS"
                     " (SELECT 1 FROM runs r WHERE r.experiment_id = experiments.id)"));
  TRY(purge.Bind(deleted_us).Run());
  return db.changes();
}

Result<int64_t> PurgeSnapshots(db::Connection& db, int64_t created_us) {
  auto purge = TRY(db.Prepare(
      "DELETE FROM snapshots WHERE created_us <= ? AND id NOT IN (SELECT snapshot_id"
      " FROM runs WHERE snapshot_id IS NOT NULL) AND id NOT IN (SELECT snapshot_id FROM"
      " models WHERE snapshot_id IS NOT NULL AND deleted_us IS NULL) AND id NOT IN"
      " (SELECT value FROM run_properties WHERE key GLOB 'runwright.snapshot.*') AND id NOT"
      " IN (SELECT json_extract(spec_json, '$.image.context') FROM environments"
      " WHERE json_extract(spec_json, '$.image.context') IS NOT NULL)"));
  TRY(purge.Bind(created_us).Run());
  return db.changes();
}

}  // namespace rw::meta
