// Metrics of runs as they are written.
#pragma once

#include <string_view>

#include "db/connection.h"
#include "meta/metric_segment.h"

namespace rw::meta {

/// Segments are written in pieces of at most so many points, so that reading one costs little
/// memory.
inline constexpr int64_t kLargestSegment = 16384;

/// Names a metric of a run on its first value (the type of that value stays its type), keeps the
/// segment, and merges small ones now and then.
Status AddSegment(db::Connection& db, int64_t run_row, std::string_view name, std::string_view type,
                  std::string_view writer, int64_t first_seq, const SegmentBuilder& segment);

}  // namespace rw::meta
