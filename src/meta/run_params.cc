#include "meta/run_params.h"

namespace rw::meta {

Status SetParams(db::Connection& db, int64_t run_row,
                 const std::map<std::string, std::string>& params) {
  if (params.empty()) return Ok();
  auto insert =
      TRY(db.Prepare("INSERT INTO run_params (run_row, key, value, sorted) VALUES (?1, ?2, ?3, ?3)"
                     " ON CONFLICT (run_row, key) DO UPDATE SET value = excluded.value,"
                     " sorted = excluded.sorted"));
  for (const auto& [key, value] : params) {
    TRY(insert.Bind(run_row).Bind(key).Bind(value).Run());
    insert.Reset();
  }
  return Ok();
}

Result<json::Value> ParamsToJson(db::Connection& db, int64_t run_row) {
  json::Value out = json::Object();
  auto rows = TRY(db.Prepare("SELECT key, value FROM run_params WHERE run_row = ?"));
  rows.Bind(run_row);
  while (TRY(rows.Step())) out.Set(rows.Text(0), rows.Text(1));
  return out;
}

}  // namespace rw::meta
