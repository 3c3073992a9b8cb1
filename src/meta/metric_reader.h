// Values of one metric in order: by writer exactly, writers merged by non-decreasing time, ties by
// writer id. Time is boot_us plus the smallest wall_us - boot_us of the same boot. One segment of
// each writer is in memory at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "meta/metric_segment.h"

namespace rw::meta {

/// Values that cannot be read; the others can.
struct DamagedSegment {
  std::string metric;
  std::string writer;
  int64_t first_seq = 0;
  int64_t count = 0;
  std::string reason;
  bool operator==(const DamagedSegment&) const = default;
};

struct MetricRef {
  int64_t id = 0;
  std::string name;
  std::string type;
};

/// Of a run, sorted by name; with `name` that one or none.
Result<std::vector<MetricRef>> FindMetrics(db::Connection& db, int64_t run_row,
                                           const std::optional<std::string>& name);

/// Consecutive points [begin, end) of one segment.
using VisitPoints = std::function<Status(const Segment& segment, size_t begin, size_t end)>;

/// Calls `visit` for every value, in order. What is damaged is passed over and added to `damaged`
/// (null: only passed over).
Status VisitMetric(db::Connection& db, const MetricRef& metric,
                   std::vector<DamagedSegment>* damaged, const VisitPoints& visit);

}  // namespace rw::meta
