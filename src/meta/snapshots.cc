#include "meta/snapshots.h"

namespace rw::meta {

Result<std::optional<SnapshotRecord>> SnapshotRepository::Find(const std::string& id) {
  auto row = TRY(db_.Prepare("SELECT id, files, bytes, created_us FROM snapshots WHERE id=?"));
  row.Bind(id);
  if (!TRY(row.Step())) return std::optional<SnapshotRecord>();
  return std::optional<SnapshotRecord>(
      SnapshotRecord{row.Text(0), row.Int(1), row.Int(2), row.Int(3)});
}

Status SnapshotRepository::Insert(const SnapshotRecord& snapshot) {
  auto insert = TRY(db_.Prepare(
      "INSERT OR IGNORE INTO snapshots (id, files, bytes, created_us) VALUES (?,?,?,?)"));
  insert.Bind(snapshot.id).Bind(snapshot.files).Bind(snapshot.bytes).Bind(snapshot.created_us);
  return insert.Run();
}

}  // namespace rw::meta
