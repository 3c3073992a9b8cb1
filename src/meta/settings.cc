#include "meta/settings.h"

namespace rw::meta {

Result<std::string> GetSetting(db::Connection& db, const std::string& key) {
  auto row = TRY(db.Prepare("SELECT value FROM settings WHERE key=?"));
  row.Bind(key);
  if (!TRY(row.Step())) return std::string();
  return row.Text(0);
}

Status PutSetting(db::Connection& db, const std::string& key, const std::string& value) {
  auto put = TRY(db.Prepare("INSERT OR REPLACE INTO settings (key, value) VALUES (?,?)"));
  return put.Bind(key).Bind(value).Run();
}

}  // namespace rw::meta
