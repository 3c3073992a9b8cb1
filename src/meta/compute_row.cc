#include "meta/compute_row.h"

#include "base/strings.h"

namespace rw::meta {
namespace {

constexpr std::string_view kSelect =
    "SELECT row, workspace_id, name, type, vm_size, vm_priority, min_nodes, max_nodes, "
    "idle_seconds,"
    " tags_json, description, created_us, modified_us, env_root FROM computes ";

ComputeRow Read(const db::Statement& row) {
  ComputeRow c;
  c.row = row.Int(0);
  c.workspace_id = row.Text(1);
  c.name = row.Text(2);
  c.type = row.Text(3);
  c.vm_size = row.Text(4);
  c.vm_priority = row.Text(5);
  c.min_nodes = row.Int(6);
  c.max_nodes = row.Int(7);
  c.idle_seconds = row.Int(8);
  auto tags = json::Parse(row.Text(9));
  c.tags = tags ? *std::move(tags) : json::Object();
  c.description = row.Text(10);
  c.created_us = row.Int(11);
  c.modified_us = row.Int(12);
  c.env_root = row.Text(13);
  return c;
}

Status Insert(db::Connection& db, ComputeRow& c) {
  auto insert = TRY(db.Prepare(
      "INSERT INTO computes (workspace_id, name, type, vm_size, vm_priority, min_nodes, max_nodes,"
      " idle_seconds, tags_json, description, created_us, modified_us, state_us, env_root)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(c.workspace_id).Bind(c.name).Bind(c.type).Bind(c.vm_size).Bind(c.vm_priority);
  insert.Bind(c.min_nodes).Bind(c.max_nodes).Bind(c.idle_seconds).Bind(json::Write(c.tags));
  insert.Bind(c.description).Bind(c.created_us).Bind(c.modified_us).Bind(c.created_us);
  insert.Bind(c.env_root);
  TRY(insert.Run());
  c.row = db.last_insert_id();
  return Ok();
}

}  // namespace

Result<std::optional<ComputeRow>> FindCompute(db::Connection& db, const std::string& workspace_id,
                                              const std::string& name) {
  auto row = TRY(db.Prepare(std::string(kSelect) + "WHERE workspace_id = ? AND name = ?"));
  if (!TRY(row.Bind(workspace_id).Bind(name).Step())) return std::optional<ComputeRow>();
  return std::optional<ComputeRow>(Read(row));
}

Result<std::vector<ComputeRow>> AllComputes(db::Connection& db) {
  auto rows = TRY(db.Prepare(std::string(kSelect) + "ORDER BY name, row"));
  std::vector<ComputeRow> all;
  while (TRY(rows.Step())) all.push_back(Read(rows));
  return all;
}

Status SaveCompute(db::Connection& db, ComputeRow& c) {
  if (c.row == 0) return Insert(db, c);
  auto update = TRY(
      db.Prepare("UPDATE computes SET vm_size = ?, vm_priority = ?, min_nodes = ?, max_nodes = ?,"
                 " idle_seconds = ?, tags_json = ?, description = ?, modified_us = ?, env_root = ? "
                 "WHERE row = ?"));
  update.Bind(c.vm_size).Bind(c.vm_priority).Bind(c.min_nodes).Bind(c.max_nodes);
  update.Bind(c.idle_seconds).Bind(json::Write(c.tags)).Bind(c.description).Bind(c.modified_us);
  update.Bind(c.env_root);
  return update.Bind(c.row).Run();
}

Status DeleteCompute(db::Connection& db, int64_t row) {
  auto remove = TRY(db.Prepare("DELETE FROM computes WHERE row = ?"));
  return remove.Bind(row).Run();
}

Result<std::vector<std::string>> RunsUsing(db::Connection& db, int64_t compute_row) {
  auto rows =
      TRY(db.Prepare("SELECT id FROM runs WHERE compute_row = ? AND status NOT IN "
                     "('Completed','Failed','Canceled')"));
  rows.Bind(compute_row);
  std::vector<std::string> ids;
  while (TRY(rows.Step())) ids.push_back(rows.Text(0));
  return ids;
}

Result<std::optional<int64_t>> LocalMaxNodes(db::Connection& db) {
  auto row = TRY(db.Prepare("SELECT value FROM settings WHERE key = 'local.max_nodes'"));
  if (!TRY(row.Step())) return std::optional<int64_t>();
  return ParseInt(row.Text(0));
}

Status SetLocalMaxNodes(db::Connection& db, int64_t max_nodes) {
  auto insert =
      TRY(db.Prepare("INSERT INTO settings (key, value) VALUES ('local.max_nodes', ?)"
                     " ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
  return insert.Bind(std::to_string(max_nodes)).Run();
}

}  // namespace rw::meta
