#include "meta/secrets.h"

namespace rw::meta {

Result<std::vector<SecretInfo>> SecretRepository::List(const std::string& workspace_id) {
  auto row = TRY(db_.Prepare(
      "SELECT name, created_us, updated_us FROM secrets WHERE workspace_id=? ORDER BY name"));
  row.Bind(workspace_id);
  std::vector<SecretInfo> out;
  while (TRY(row.Step())) out.push_back({row.Text(0), row.Int(1), row.Int(2)});
  return out;
}

Result<std::optional<SealedSecret>> SecretRepository::Find(const std::string& workspace_id,
                                                           const std::string& name) {
  auto row = TRY(
      db_.Prepare("SELECT name, created_us, updated_us, sealed FROM secrets WHERE workspace_id=?"
                  " AND name=?"));
  row.Bind(workspace_id).Bind(name);
  if (!TRY(row.Step())) return std::optional<SealedSecret>();
  return std::optional<SealedSecret>(
      SealedSecret{{row.Text(0), row.Int(1), row.Int(2)}, row.Text(3)});
}

Result<bool> SecretRepository::Put(const std::string& workspace_id, const std::string& name,
                                   std::string_view sealed, int64_t now_us) {
  bool is_new = !TRY(Find(workspace_id, name));
  auto put =
      TRY(db_.Prepare("INSERT INTO secrets (workspace_id, name, sealed, created_us, updated_us)"
                      " VALUES (?1,?2,?3,?4,?4) ON CONFLICT (workspace_id, name) DO UPDATE SET"
                      " sealed=excluded.sealed, updated_us=excluded.updated_us"));
  TRY(put.Bind(workspace_id).Bind(name).BindBlob(sealed).Bind(now_us).Run());
  return is_new;
}

Result<bool> SecretRepository::Remove(const std::string& workspace_id, const std::string& name) {
  auto remove = TRY(db_.Prepare("DELETE FROM secrets WHERE workspace_id=? AND name=?"));
  TRY(remove.Bind(workspace_id).Bind(name).Run());
  return db_.changes() > 0;
}

Result<bool> SecretRepository::HasAny() {
  auto row = TRY(db_.Prepare("SELECT 1 FROM secrets LIMIT 1"));
  return row.Step();
}

}  // namespace rw::meta
