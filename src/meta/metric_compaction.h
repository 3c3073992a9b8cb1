// Many small segments of one writer become few large ones, in the transaction that adds the last of
// them: readers see the same values before and after, and a crash leaves one or the other.
#pragma once

#include <string_view>
#include <vector>

#include "db/connection.h"

namespace rw::meta {

/// Segments of this many points stay as they are.
inline constexpr int64_t kLargeSegment = 8192;
/// So many more segments of a metric are looked at together.
inline constexpr int64_t kCompactEvery = 16;

/// Merges the newest small segments of each writer of the metric. Each point is rewritten about
/// log2(kLargeSegment / kCompactEvery) times in all. A segment that is damaged stays, with those
/// around it.
Status CompactMetric(db::Connection& db, int64_t metric_id);

/// These segments of one writer, oldest first, become one, in the place of the first. False, and
/// nothing is changed, where one of them is damaged or of another boot.
Result<bool> MergeSegments(db::Connection& db, const std::vector<int64_t>& rows);

}  // namespace rw::meta
