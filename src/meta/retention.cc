#include "meta/retention.h"

#include "meta/settings.h"

namespace rw::meta {

Result<RetentionRules> LoadRetention(db::Connection& db) {
  RetentionRules rules;
  std::string text = TRY(GetSetting(db, "retention"));
  if (text.empty()) return rules;
  json::Value saved = TRY(json::Parse(text));
  rules.deleted_run_days = saved.DoubleOr("deleted_run_days", rules.deleted_run_days);
  return rules;
}

Result<int64_t> PurgeTime(db::Connection& db, int64_t deleted_us) {
  RetentionRules rules = TRY(LoadRetention(db));
  return deleted_us +
         static_cast<int64_t>(rules.deleted_run_days * static_cast<double>(kMicrosOfDay));
}

}  // namespace rw::meta
