// metric_order: runs by the value of each metric. Values of runs that are at work change many times
// a second, and each change would touch several pages of a large index; so it is brought up to date
// in batches, and before it is read.
#pragma once

#include "db/connection.h"

namespace rw::meta {

Result<bool> HasUnsortedMetrics(db::Connection& db);

/// Inside an operation of the writer: at most `most` metrics. False when nothing is left to do.
Result<bool> SortMetrics(db::Connection& db, int64_t most);

}  // namespace rw::meta
