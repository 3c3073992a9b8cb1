// How long what nobody needs any more is kept.
#pragma once

#include <cstdint>
#include <optional>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

constexpr int64_t kMicrosOfDay = int64_t{24} * 3600 * 1'000'000;

/// Days (but build_gb), fractions allowed; nullopt (null in JSON) keeps for ever.
struct RetentionRules {
  /// Ended runs are deleted so long after their end, unless they are archived or a model was
  /// registered from them.
  std::optional<double> run_days;
  /// A deleted run can be restored for so long; then it is removed for good.
  double deleted_run_days = 14;
  /// Working folders of runs, after the run's end.
  std::optional<double> run_folder_days = 7;
  /// Built environments, after their last use. They are built again when needed.
  std::optional<double> build_days = 30;
  /// Built environments together, in GB (10^9 bytes): the least recently used go first.
  std::optional<double> build_gb;
  /// Blobs that nothing names, after they were stored: their run may still be on its way.
  double blob_days = 1;
  /// Between two collections that the server begins by itself; nullopt: none.
  std::optional<double> every_days = 1;

  bool operator==(const RetentionRules&) const = default;
};

json::Value ToJson(const RetentionRules& rules);
/// `rules` with what `change` says; kInvalidArgument names the member.
Result<RetentionRules> ChangeRetention(const RetentionRules& rules, const json::Value& change);

/// Defaults where nothing was set.
Result<RetentionRules> LoadRetention(db::Connection& db);
/// Inside an operation of the writer.
Status SaveRetention(db::Connection& db, const RetentionRules& rules);

int64_t DaysToMicros(double days);
/// When a run deleted at `deleted_us` may be removed for good.
Result<int64_t> PurgeTime(db::Connection& db, int64_t deleted_us);

}  // namespace rw::meta
