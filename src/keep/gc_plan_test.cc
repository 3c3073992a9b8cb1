#include "keep/gc_plan.h"

#include <gtest/gtest.h>

namespace rw::keep {
namespace {

constexpr int64_t kDay = meta::kMicrosOfDay;
constexpr int64_t kToday = 1000 * kDay;

std::vector<std::string> Names(const std::vector<FolderFact>& facts) {
  std::vector<std::string> names;
  for (const FolderFact& fact : facts) names.push_back(fact.name);
  return names;
}
using List = std::vector<std::string>;

TEST(GcPlan, RunsExpireAndArePurgedByTheirRules) {
  GcView view{.now_us = kToday};
  view.ended_runs = {{"old", kToday - 31 * kDay}, {"new", kToday - 29 * kDay}};
  view.deleted_runs = {{"gone", kToday - 14 * kDay}, {"grace", kToday - 14 * kDay + 1}};
  EXPECT_EQ(PlanGc(view, {}).expire, List{});
  GcPlan plan = PlanGc(view, {.run_days = 30});
  EXPECT_EQ(plan.expire, List{"old"});
  EXPECT_EQ(plan.purge, List{"gone"});
  EXPECT_EQ(plan.deleted_us, kToday - 14 * kDay);
}

TEST(GcPlan, FoldersOfEndedRunsGoAndThoseOfLiveOnesStay) {
  GcView view{.now_us = kToday};
  view.run_folders = {{"ended", true, false, kToday - 8 * kDay},
                      {"recent", true, false, kToday - 6 * kDay},
                      {"alive", true, true, 0},
                      {"nobody's", false, false, kToday - 2 * kDay},
                      {"in the making", false, false, kToday - kDay / 2}};
  EXPECT_EQ(Names(PlanGc(view, {}).run_folders), (List{"ended", "nobody's"}));
  EXPECT_EQ(Names(PlanGc(view, {.run_folder_days = std::nullopt}).run_folders), List{"nobody's"});
  EXPECT_EQ(Names(PlanGc(view, {.run_folder_days = 0}).run_folders),
            (List{"ended", "recent", "nobody's"}));
}

TEST(GcPlan, LogsOfKnownRunsStay) {
  GcView view{.now_us = kToday};
  view.log_folders = {{"known", true, false, 0}, {"purged", false, false, kToday - 2 * kDay}};
  EXPECT_EQ(Names(PlanGc(view, {}).log_folders), List{"purged"});
}

TEST(GcPlan, TheLeastRecentlyUsedBuildsGoWhereAllAreTooLarge) {
  constexpr uint64_t kGb = 1'000'000'000;
  GcView view{.now_us = kToday};
  view.builds = {{"newest", true, false, kToday, 4 * kGb},
                 {"oldest, in use", true, true, kToday - 9 * kDay, 4 * kGb},
                 {"old", true, false, kToday - 8 * kDay, 4 * kGb},
                 {"newer", true, false, kToday - 7 * kDay, 4 * kGb}};
  EXPECT_EQ(Names(PlanGc(view, {}).builds), List{});
  EXPECT_EQ(Names(PlanGc(view, {.build_gb = 16}).builds), List{});
  EXPECT_EQ(Names(PlanGc(view, {.build_gb = 9}).builds), (List{"old", "newer"}));
  EXPECT_EQ(Names(PlanGc(view, {.build_gb = 0}).builds), (List{"old", "newer", "newest"}));
}

TEST(GcPlan, UnusedBuildsGo) {
  GcView view{.now_us = kToday};
  view.builds = {{"unused", true, false, kToday - 31 * kDay},
                 {"in use", true, true, kToday - 31 * kDay},
                 {"used", true, false, kToday - 29 * kDay}};
  EXPECT_EQ(Names(PlanGc(view, {}).builds), List{"unused"});
  EXPECT_EQ(Names(PlanGc(view, {.build_days = std::nullopt}).builds), List{});
}

}  // namespace
}  // namespace rw::keep
