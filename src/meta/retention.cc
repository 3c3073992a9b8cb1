#include "meta/retention.h"

#include <array>

#include "meta/settings.h"

namespace rw::meta {
namespace {

constexpr const char* kSetting = "retention";
constexpr double kMostDays = 36'500;

struct OptionalRule {
  const char* name;
  std::optional<double> RetentionRules::*member;
};
struct Rule {
  const char* name;
  double RetentionRules::*member;
};
constexpr std::array<OptionalRule, 5> kOptional = {
    {{"run_days", &RetentionRules::run_days},
     {"run_folder_days", &RetentionRules::run_folder_days},
     {"build_days", &RetentionRules::build_days},
     {"build_gb", &RetentionRules::build_gb},
     {"every_days", &RetentionRules::every_days}}};
constexpr std::array<Rule, 2> kAlways = {{{"deleted_run_days", &RetentionRules::deleted_run_days},
                                          {"blob_days", &RetentionRules::blob_days}}};

Result<double> DaysOf(const std::string& name, const json::Value& value) {
  if (value.is_number() && value.as_double() >= 0 && value.as_double() <= kMostDays)
    return value.as_double();
  return Error(Code::kInvalidArgument,
               name + " must be a number of " + (name.ends_with("_gb") ? "GB" : "days") +
                   " from 0 to 36,500",
               name);
}

}  // namespace

json::Value ToJson(const RetentionRules& rules) {
  json::Value out = json::Object();
  for (const OptionalRule& rule : kOptional) {
    const auto& days = rules.*rule.member;
    out.Set(rule.name, days ? json::Value(*days) : json::Value());
  }
  for (const Rule& rule : kAlways) out.Set(rule.name, rules.*rule.member);
  return out;
}

Result<RetentionRules> ChangeRetention(const RetentionRules& rules, const json::Value& change) {
  RetentionRules out = rules;
  for (const auto& [name, value] : change.as_object()) {
    bool known = false;
    for (const OptionalRule& rule : kOptional) {
      if (name != rule.name) continue;
      known = true;
      out.*rule.member = value.is_null() ? std::nullopt : std::optional(TRY(DaysOf(name, value)));
    }
    for (const Rule& rule : kAlways) {
      if (name != rule.name) continue;
      known = true;
      out.*rule.member = TRY(DaysOf(name, value));
    }
    if (!known)
      return Error(Code::kInvalidArgument,
                   "there is no rule '" + name.substr(0, 100) +
                       "'; there are run_days, deleted_run_days, run_folder_days, build_days, "
                       "build_gb, "
                       "blob_days, every_days",
                   name.substr(0, 100));
  }
  return out;
}

Result<RetentionRules> LoadRetention(db::Connection& db) {
  std::string text = TRY(GetSetting(db, kSetting));
  if (text.empty()) return RetentionRules();
  return ChangeRetention(RetentionRules(), TRY(json::Parse(text)));
}

Status SaveRetention(db::Connection& db, const RetentionRules& rules) {
  return PutSetting(db, kSetting, json::Write(ToJson(rules)));
}

int64_t DaysToMicros(double days) {
  return static_cast<int64_t>(days * static_cast<double>(kMicrosOfDay));
}

Result<int64_t> PurgeTime(db::Connection& db, int64_t deleted_us) {
  RetentionRules rules = TRY(LoadRetention(db));
  return deleted_us + DaysToMicros(rules.deleted_run_days);
}

}  // namespace rw::meta
