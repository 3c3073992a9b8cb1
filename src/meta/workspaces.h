// Workspaces and their experiments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

struct Workspace {
  std::string id;
  std::string name;
  std::string subscription_id;
  std::string resource_group;
  std::string location;
  int64_t created_us = 0;
};
json::Value ToJson(const Workspace& workspace);

struct Experiment {
  int64_t row = 0;
  std::string id;
  std::string name;
  std::string workspace_id;
  int64_t created_us = 0;
  int64_t archived_us = 0;  // 0: not
  int64_t deleted_us = 0;   // 0: not
};
json::Value ToJson(const Experiment& experiment);

/// Which experiments or runs a list has.
enum class ListView { kActive, kArchived, kAll, kDeleted };
/// "active", "archived", "all" (of both) or "deleted"; kInvalidArgument names `view`.
Result<ListView> ParseListView(const std::string& text);
/// SQL over the columns archived_us and deleted_us.
std::string_view ConditionOf(ListView view);

/// Over a connection of the caller's thread; writes only inside an operation of the writer.
class WorkspaceRepository {
 public:
  explicit WorkspaceRepository(db::Connection& db) : db_(db) {}
  /// kNotFound names it.
  Result<Workspace> Get(const std::string& id);
  Result<std::optional<Workspace>> Find(const std::string& subscription_id,
                                        const std::string& resource_group, const std::string& name);
  /// Empty filters match all; oldest first.
  Result<std::vector<Workspace>> List(const std::string& name, const std::string& subscription_id,
                                      const std::string& resource_group);
  Status Insert(const Workspace& workspace);

 private:
  db::Connection& db_;
};

class ExperimentRepository {
 public:
  explicit ExperimentRepository(db::Connection& db) : db_(db) {}
  /// Deleted ones too.
  Result<std::optional<Experiment>> Find(const std::string& workspace_id, const std::string& name);
  /// kNotFound names it.
  Result<Experiment> Get(const std::string& workspace_id, const std::string& name);
  /// By creation, rows above `after_row`.
  Result<std::vector<Experiment>> List(const std::string& workspace_id, int64_t after_row,
                                       int64_t limit, ListView view = ListView::kActive);
  /// Sets experiment->row.
  Status Insert(Experiment* experiment);
  /// 1, 2, 3 … within the experiment; the number of its next run.
  Result<int64_t> NextNumber(int64_t experiment_row);

 private:
  db::Connection& db_;
};

}  // namespace rw::meta
