// Last, smallest and largest number of each metric, beside its segments: what filters compare and
// lists are sorted by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/connection.h"

namespace rw::meta {

/// Of a batch of values in order, or of a whole metric.
struct MetricSummary {
  int64_t count = 0;
  std::optional<double> last;  // absent: the last value is NaN or no number
  std::optional<double> min;   // absent: there is no number but NaN
  std::optional<double> max;
  int64_t last_us = 0;

  void AddNumber(int64_t wall_us, double value);
  void AddOther(int64_t wall_us);
};

struct NotedMetric {
  int64_t id = 0;
  int64_t inserts = 0;  // batches before this one
};

/// Notes a batch of `writer` in the metric's row, which is made on the first one (the type of the
/// first value stays the metric's type). The last value is that of the
/// latest wall time; within one writer always the one written last.
Result<NotedMetric> NoteMetric(db::Connection& db, int64_t run_row, std::string_view name,
                               std::string_view type, std::string_view writer,
                               const MetricSummary& batch);

/// Makes the summary of a metric from all of its segments.
Result<MetricSummary> SummariseSegments(db::Connection& db, int64_t metric_id);

}  // namespace rw::meta
