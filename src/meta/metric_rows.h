// Metrics of runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"
#include "meta/metric_segment.h"

namespace rw::meta {

/// Names a metric of a run on its first value (the type of that value stays its type) and keeps the
/// segment.
Status AddSegment(db::Connection& db, int64_t run_row, std::string_view name, std::string_view type,
                  std::string_view writer, int64_t first_seq, const SegmentBuilder& segment);

/// The stored segments of one metric.
struct StoredMetric {
  std::string name;
  std::string type;
  std::vector<std::string> writers;  // of each segment
  std::vector<std::string> segments;
};

/// Sorted by name; all of the run, or the one of that name (none: empty). Cheap: bytes only.
Result<std::vector<StoredMetric>> LoadMetrics(db::Connection& db, int64_t run_row,
                                              const std::optional<std::string>& name);

/// The API's list of Metric. Touches no database: long ones are made on a worker.
Result<json::Value> MetricsToJson(const std::vector<StoredMetric>& metrics);

}  // namespace rw::meta
