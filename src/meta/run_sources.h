// Private to the search of runs: statements whose rows come in the order of the list.
#pragma once

#include <deque>

#include "meta/run_search_sql.h"

namespace rw::meta {

/// Rows of RunTextColumns and the sort value behind them.
class RunSource {
 public:
  explicit RunSource(db::Statement rows) : rows_(std::move(rows)) {}
  /// False at the end.
  Result<bool> Next();
  const db::Statement& rows() const { return rows_; }
  const db::Scalar& value() const { return value_; }
  int64_t row() const { return rows_.Int(0); }

 private:
  db::Statement rows_;
  db::Scalar value_;
};

/// Those that have the value that the list is sorted by, from search.after on: one source for each
/// series of a metric, else one; `scope` as of ScopeOf. None where nothing can be found.
Result<std::deque<RunSource>> SourcesWithValue(db::Connection& db, const RunSearch& search,
                                               const std::string& experiment_id, const Sql& scope);
/// Those that have not, newest first. None where every run has it.
Result<std::deque<RunSource>> SourcesWithoutValue(db::Connection& db, const RunSearch& search,
                                                  const std::string& experiment_id,
                                                  const Sql& scope);

}  // namespace rw::meta
