// Pages of runs: filtered in SQL, in any order, by a cursor that stays where it is when runs come
// and go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "meta/run_text.h"
#include "meta/workspaces.h"
#include "model/run_query.h"

namespace rw::meta {

/// Where a page ended: the place of its last run in the order. Runs without the value that the list
/// is sorted by come last, newest first (`without_value`).
struct RunPlace {
  bool without_value = false;
  db::Scalar value;
  int64_t row = 0;
};

struct RunSearch {
  std::string workspace_id;
  std::optional<std::string> experiment;
  std::optional<std::string> parent;
  std::optional<std::string> type;
  std::vector<std::string> statuses;
  std::vector<std::string> tags;        // "key" or "key=value"
  std::vector<std::string> properties;  // "key" or "key=value"
  std::string text;                     // part of id, name, experiment, a tag; without case
  model::RunCondition filter;
  model::RunSort sort;
  ListView view = ListView::kActive;
  bool include_children = false;
  RunShow show;
  int64_t limit = 100;
  std::optional<RunPlace> after;

  /// True where SortMetrics has to be done first.
  bool NeedsMetrics() const;
};

struct RunPage {
  std::string text;  // the runs' objects, with commas between them
  std::vector<RunText> runs;
  std::optional<RunPlace> next;  // there are more
};

/// From any thread that has the connection for itself.
Result<RunPage> SearchRuns(db::Connection& db, const RunSearch& search);

}  // namespace rw::meta
