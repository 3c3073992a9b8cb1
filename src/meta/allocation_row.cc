#include "meta/allocation_row.h"

#include <vector>

namespace rw::meta {
namespace {

constexpr std::string_view kSelect =
    "SELECT row, id, run_row, run_id, attempt, fence, state, compute_row, nodes_json, secret_hash,"
    " claimant, grant_json, created_us, ended_us FROM allocations ";

json::Value ParseOrNull(const std::string& text) {
  auto value = json::Parse(text);
  return value ? *std::move(value) : json::Value();
}

AllocationRow Read(const db::Statement& row) {
  AllocationRow a;
  a.row = row.Int(0);
  a.id = row.Text(1);
  a.run_row = row.Int(2);
  a.run_id = row.Text(3);
  a.attempt = row.Int(4);
  a.fence = row.Int(5);
  a.state = row.Text(6);
  a.compute_row = row.Int(7);
  json::Value nodes = ParseOrNull(row.Text(8));
  if (nodes.is_array() && !nodes.as_array().empty()) a.node = nodes.as_array()[0].as_string();
  a.secret_hash = row.Text(9);
  a.claimant = row.Text(10);
  if (!row.IsNull(11)) a.grant = ParseOrNull(row.Text(11));
  a.created_us = row.Int(12);
  a.ended_us = row.Int(13);
  return a;
}

}  // namespace

Result<std::optional<AllocationRow>> FindAllocation(db::Connection& db, const std::string& id) {
  auto row = TRY(db.Prepare(std::string(kSelect) + "WHERE id = ?"));
  if (!TRY(row.Bind(id).Step())) return std::optional<AllocationRow>();
  return std::optional<AllocationRow>(Read(row));
}

Result<std::optional<AllocationRow>> LiveAllocationOf(db::Connection& db, int64_t run_row) {
  auto row = TRY(db.Prepare(std::string(kSelect) + "WHERE run_row = ? AND ended_us IS NULL"));
  if (!TRY(row.Bind(run_row).Step())) return std::optional<AllocationRow>();
  return std::optional<AllocationRow>(Read(row));
}

Result<std::vector<AllocationRow>> LiveAllocations(db::Connection& db) {
  auto rows = TRY(db.Prepare(std::string(kSelect) + "WHERE ended_us IS NULL ORDER BY row"));
  std::vector<AllocationRow> live;
  while (TRY(rows.Step())) live.push_back(Read(rows));
  return live;
}

Status InsertAllocation(db::Connection& db, AllocationRow& a) {
  auto next = TRY(db.Prepare("SELECT coalesce(max(fence), 0) + 1 FROM allocations"));
  TRY(next.Step());
  a.fence = next.Int(0);
  TRY(next.Run());
  json::Value nodes = json::Array();
  nodes.Append(a.node);
  auto insert = TRY(db.Prepare(
      "INSERT INTO allocations (id, run_row, run_id, attempt, fence, state, compute_row, "
      "nodes_json,"
      " secret_hash, grant_json, created_us) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)"));
  insert.Bind(a.id).Bind(a.run_row).Bind(a.run_id).Bind(a.attempt).Bind(a.fence);
  insert.Bind(a.compute_row).Bind(json::Write(nodes)).Bind(a.secret_hash);
  insert.Bind(json::Write(a.grant)).Bind(a.created_us);
  TRY(insert.Run());
  a.row = db.last_insert_id();
  a.state = "pending";
  return Ok();
}

Status SetClaimed(db::Connection& db, int64_t row, const std::string& claimant,
                  const std::string& process_json, int64_t now_us) {
  auto update = TRY(db.Prepare(
      "UPDATE allocations SET state = 'claimed', claimant = ?, process_json = ?, claimed_us = ?"
      " WHERE row = ?"));
  return update.Bind(claimant).Bind(process_json).Bind(now_us).Bind(row).Run();
}

Status SetAllocationState(db::Connection& db, int64_t row, std::string_view state) {
  auto update = TRY(db.Prepare("UPDATE allocations SET state = ? WHERE row = ?"));
  return update.Bind(state).Bind(row).Run();
}

Status EndAllocation(db::Connection& db, int64_t row, std::string_view state, int64_t now_us) {
  auto update = TRY(db.Prepare(
      "UPDATE allocations SET state = ?, ended_us = ? WHERE row = ? AND ended_us IS NULL"));
  return update.Bind(state).Bind(now_us).Bind(row).Run();
}

Status SetSecretHash(db::Connection& db, int64_t row, const std::string& secret_hash) {
  auto update = TRY(db.Prepare("UPDATE allocations SET secret_hash = ? WHERE row = ?"));
  return update.Bind(secret_hash).Bind(row).Run();
}

}  // namespace rw::meta
