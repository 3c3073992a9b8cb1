// Private to the search of runs: conditions as SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "meta/run_search.h"

namespace rw::meta {

/// A text with marks, and what is bound to them.
struct Sql {
  std::string text;
  std::vector<db::Scalar> values;

  Sql& Add(std::string_view more) {
    text += more;
    return *this;
  }
  Sql& Add(std::string_view more, db::Scalar value) {
    values.push_back(std::move(value));
    return Add(more);
  }
  Sql& Add(const Sql& more);
};

/// Everything that a run must be, " AND …" behind a WHERE of one condition. `experiment_id`: of
/// search.experiment.
Sql ScopeOf(const RunSearch& search, const std::string& experiment_id);

/// The expression of an attribute over `runs`.
std::string_view AttributeSql(std::string_view name);

/// "last", "min" or "max": the column of metrics; and its place in metric_order's keys.
std::string_view MetricColumn(model::RunFieldKind kind);
int64_t MetricKey(model::RunFieldKind kind);

}  // namespace rw::meta
