// What hangs on a run: tags, properties, warnings, descendants, experiment.
#include "meta/deletion.h"
#include "meta/run_row.h"

namespace rw::meta {

Status AddWarning(db::Connection& db, int64_t run_row, std::string_view source,
                  std::string_view message) {
  auto insert = TRY(db.Prepare(
      "INSERT INTO run_warnings (run_row, source, message) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
      " (SELECT 1 FROM run_warnings WHERE run_row = ?1 AND source = ?2 AND message = ?3)"));
  return insert.Bind(run_row).Bind(source).Bind(message).Run();
}

Status SetTag(db::Connection& db, int64_t run_row, std::string_view key,
              const std::optional<std::string>& value) {
  auto insert =
      TRY(db.Prepare("INSERT INTO run_tags (run_row, key, value) VALUES (?, ?, ?)"
                     " ON CONFLICT (run_row, key) DO UPDATE SET value = excluded.value"));
  return insert.Bind(run_row).Bind(key).Bind(value).Run();
}

Status RemoveTag(db::Connection& db, int64_t run_row, std::string_view key) {
  auto remove = TRY(db.Prepare("DELETE FROM run_tags WHERE run_row = ? AND key = ?"));
  return remove.Bind(run_row).Bind(key).Run();
}

Status AddProperty(db::Connection& db, int64_t run_row, std::string_view key,
                   std::string_view value) {
  auto have = TRY(db.Prepare("SELECT value FROM run_properties WHERE run_row = ? AND key = ?"));
  if (TRY(have.Bind(run_row).Bind(key).Step())) {
    if (have.Text(0) == value) return Ok();
    return Error(Code::kConflict,
                 "property '" + std::string(key) + "' is '" + have.Text(0) +
                     "' already; properties are written once",
                 "properties");
  }
  auto insert =
      TRY(db.Prepare("INSERT INTO run_properties (run_row, key, value) VALUES (?, ?, ?)"));
  return insert.Bind(run_row).Bind(key).Bind(value).Run();
}

Result<std::vector<std::string>> Descendants(db::Connection& db, const std::string& run_id) {
  auto rows = TRY(db.Prepare(
      "WITH RECURSIVE below(id) AS (SELECT id FROM runs WHERE parent_id = ?"
      " AND deleted_us IS NULL UNION ALL"
      " SELECT r.id FROM runs r JOIN below b ON r.parent_id = b.id WHERE r.deleted_us IS NULL)"
      " SELECT id FROM below"));
  rows.Bind(run_id);
  std::vector<std::string> ids;
  while (TRY(rows.Step())) ids.push_back(rows.Text(0));
  return ids;
}

Result<std::string> EnsureExperiment(db::Connection& db, const std::string& workspace_id,
                                     const std::string& name, const std::string& new_id,
                                     int64_t now_us) {
  auto have = TRY(db.Prepare("SELECT id FROM experiments WHERE workspace_id = ? AND name = ?"));
  if (TRY(have.Bind(workspace_id).Bind(name).Step())) {
    std::string id = have.Text(0);
    TRY(ReviveExperiment(db, id));
    return id;
  }
  auto insert = TRY(db.Prepare(
      "INSERT INTO experiments (id, workspace_id, name, created_us) VALUES (?, ?, ?, ?)"));
  TRY(insert.Bind(new_id).Bind(workspace_id).Bind(name).Bind(now_us).Run());
  return new_id;
}

}  // namespace rw::meta
