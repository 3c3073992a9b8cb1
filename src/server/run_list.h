// The list of runs, newest first, filtered in SQL.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "meta/run_row.h"
#include "meta/workspaces.h"
#include "server/call.h"

namespace rw::server {

struct RunFilter {
  std::string workspace_id;
  std::optional<std::string> experiment;
  std::optional<std::string> parent;
  std::optional<std::string> type;
  std::vector<std::string> statuses;
  std::vector<std::string> tags;        // "key" or "key=value"
  std::vector<std::string> properties;  // "key=value"
  meta::ListView view = meta::ListView::kActive;
  bool include_children = false;
  int64_t limit = 100;
  int64_t before_row = 0;  // 0: from the newest
};

/// kInvalidArgument names the parameter.
Result<RunFilter> ReadRunFilter(const Call& call);
/// At most limit + 1: one more tells that there is a next page.
Result<std::vector<meta::RunRow>> ListRuns(db::Connection& db, const RunFilter& filter);

}  // namespace rw::server
