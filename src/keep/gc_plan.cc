#include "keep/gc_plan.h"

#include <algorithm>

namespace rw::keep {
namespace {

using Days = std::optional<double>;

bool IsOver(int64_t since_us, Days days, int64_t now_us) {
  return days && since_us + meta::DaysToMicros(*days) <= now_us;
}

std::vector<FolderFact> Removable(const std::vector<FolderFact>& facts, Days known_days,
                                  int64_t now_us) {
  constexpr double kUnknownDays = 1;
  std::vector<FolderFact> out;
  for (const FolderFact& fact : facts)
    if (!fact.in_use && IsOver(fact.since_us, fact.known ? known_days : kUnknownDays, now_us))
      out.push_back(fact);
  return out;
}

}  // namespace

namespace {

/// The least recently used that are not in use, until those that stay are small enough together.
void AddTooMany(const std::vector<FolderFact>& builds, double most_gb,
                std::vector<FolderFact>* removed) {
  constexpr double kGb = 1e9;
  auto goes = [&](const FolderFact& fact) {
    return std::any_of(removed->begin(), removed->end(),
                       [&](const FolderFact& one) { return one.name == fact.name; });
  };
  double total = 0;
  std::vector<FolderFact> rest;
  for (const FolderFact& fact : builds) {
    if (goes(fact)) continue;
    total += static_cast<double>(fact.bytes);
    if (!fact.in_use) rest.push_back(fact);
  }
  std::stable_sort(rest.begin(), rest.end(), [](const FolderFact& a, const FolderFact& b) {
    return a.since_us < b.since_us;
  });
  for (const FolderFact& fact : rest) {
    if (total <= most_gb * kGb) return;
    total -= static_cast<double>(fact.bytes);
    removed->push_back(fact);
  }
}

}  // namespace

GcPlan PlanGc(const GcView& view, const meta::RetentionRules& rules) {
  GcPlan plan;
  for (const EndedRun& run : view.ended_runs)
    if (IsOver(run.end_us, rules.run_days, view.now_us)) plan.expire.push_back(run.id);
  for (const DeletedRun& run : view.deleted_runs)
    if (IsOver(run.deleted_us, rules.deleted_run_days, view.now_us)) plan.purge.push_back(run.id);
  plan.run_folders = Removable(view.run_folders, rules.run_folder_days, view.now_us);
  plan.log_folders = Removable(view.log_folders, std::nullopt, view.now_us);
  plan.spool = Removable(view.spool, std::nullopt, view.now_us);
  plan.builds = Removable(view.builds, rules.build_days, view.now_us);
  if (rules.build_gb) AddTooMany(view.builds, *rules.build_gb, &plan.builds);
  plan.deleted_us = view.now_us - meta::DaysToMicros(rules.deleted_run_days);
  plan.blob_us = view.now_us - meta::DaysToMicros(rules.blob_days);
  return plan;
}

}  // namespace rw::keep
