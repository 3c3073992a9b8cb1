// How long what nobody needs any more is kept.
#pragma once

#include <cstdint>
#include <optional>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

constexpr int64_t kMicrosOfDay = int64_t{24} * 3600 * 1'000'000;

/// Days; nullopt keeps for ever. A fraction of a day is allowed.
struct RetentionRules {
  /// A deleted run can be restored for so long.
  double deleted_run_days = 14;

  bool operator==(const RetentionRules&) const = default;
};

/// Defaults where nothing was set.
Result<RetentionRules> LoadRetention(db::Connection& db);

/// When a run deleted at `deleted_us` may be removed for good.
Result<int64_t> PurgeTime(db::Connection& db, int64_t deleted_us);

}  // namespace rw::meta
