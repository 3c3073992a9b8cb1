// Compute targets as rows. `local` is no row but the machine itself; its one setting is kept in
// `settings`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

struct ComputeRow {
  int64_t row = 0;  // 0: local
  std::string workspace_id;
  std::string name;
  std::string type = "AmlCompute";
  std::string vm_size;
  std::string vm_priority = "dedicated";
  int64_t min_nodes = 0;
  int64_t max_nodes = 4;
  int64_t idle_seconds = 1800;
  json::Value tags;
  std::string description;
  std::string env_root;  // its nodes fetch builds, and keep them there; "": they use the server's
  int64_t created_us = 0;
  int64_t modified_us = 0;
};

Result<std::optional<ComputeRow>> FindCompute(db::Connection& db, const std::string& workspace_id,
                                              const std::string& name);
/// Of all workspaces, by name.
Result<std::vector<ComputeRow>> AllComputes(db::Connection& db);
/// Inserts (row 0, set then) or updates.
Status SaveCompute(db::Connection& db, ComputeRow& compute);
Status DeleteCompute(db::Connection& db, int64_t row);
/// Runs of the target that have not ended.
Result<std::vector<std::string>> RunsUsing(db::Connection& db, int64_t compute_row);

/// max_nodes of `local`; nullopt where it was never set.
Result<std::optional<int64_t>> LocalMaxNodes(db::Connection& db);
Status SetLocalMaxNodes(db::Connection& db, int64_t max_nodes);

}  // namespace rw::meta
