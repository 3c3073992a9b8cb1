#include "meta/run_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "json/value.h"
#include "meta/metric_order.h"
#include "meta/metric_rows.h"
#include "meta/run_params.h"
#include "meta/run_row.h"
#include "meta/schema.h"

namespace rw::meta {
namespace {

class RunSearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    db = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db, Migrations()));
    for (const char* name : {"one", "two"}) {
      ASSERT_TRUE(EnsureExperiment(*db, "w", name, std::string("id-") + name, 1));
    }
  }

  int64_t Make(const std::string& experiment = "one", const std::string& parent = {}) {
    RunRow run;
    run.id = "r" + std::to_string(++made_);
    run.root_id = run.id;
    run.parent_id = parent;
    run.workspace_id = "w";
    run.experiment = experiment;
    run.experiment_id = "id-" + experiment;
    run.type = "t";
    run.created_us = made_;
    run.state.status = model::RunStatus::kRunning;
    EXPECT_TRUE(InsertRun(*db, run));
    return run.row;
  }
  void Log(int64_t run, const std::string& name, const std::vector<double>& values) {
    SegmentBuilder segment("b");
    for (double value : values) segment.AddNumber(1, 1, std::nullopt, value);
    ASSERT_TRUE(AddSegment(*db, run, name, "scalar", "w", seq_++, segment));
  }

  RunSearch Asked(const std::string& filter, const std::string& sort = {}) {
    RunSearch search;
    search.workspace_id = "w";
    auto parsed = model::ParseRunFilter(filter);
    EXPECT_TRUE(parsed) << parsed.error().message();
    search.filter = *parsed;
    search.sort = *model::ParseRunSort(sort);
    while (*SortMetrics(*db, 1000)) {
    }
    return search;
  }
  std::vector<std::string> Ids(const RunSearch& search) {
    auto page = SearchRuns(*db, search);
    EXPECT_TRUE(page) << page.error().message();
    std::vector<std::string> ids;
    for (const RunText& run : page->runs) ids.push_back(run.id);
    return ids;
  }
  /// All pages of `limit`, joined by spaces.
  std::string Paged(RunSearch search, int64_t limit) {
    std::string out;
    search.limit = limit;
    for (bool more = true; more;) {
      auto page = SearchRuns(*db, search);
      EXPECT_TRUE(page) << page.error().message();
      for (const RunText& run : page->runs) out += run.id + " ";
      more = page->next.has_value();
      search.after = page->next;
      EXPECT_LE(page->runs.size(), static_cast<size_t>(limit));
    }
    return out;
  }
  std::string Found(const std::string& filter) { return Paged(Asked(filter), 100); }

  std::unique_ptr<db::Connection> db;
  int made_ = 0;
  int64_t seq_ = 0;
};

TEST_F(RunSearchTest, SortedByAMetricOverExperimentsAndPages) {
  for (int i = 0; i < 20; i++) {
    int64_t run = Make(i % 2 ? "one" : "two");
    if (i % 5 != 4) Log(run, "acc", {double(i * 7 % 10), 100.0 - i, double(i * 7 % 10)});
  }
  Log(1, "other", {5});
  std::string best_first = Paged(Asked("", "-metrics.acc"), 100);
  // 7*i mod 10 with the newest first among equals; then those without, newest first.
  EXPECT_EQ(best_first, "r18 r8 r12 r2 r19 r9 r16 r6 r13 r3 r17 r7 r14 r4 r11 r1 r20 r15 r10 r5 ");
  for (int64_t limit : {1, 3, 7, 19, 20}) {
    EXPECT_EQ(Paged(Asked("", "-metrics.acc"), limit), best_first) << limit;
  }
  std::string by_max = Paged(Asked("", "max(metrics.acc)"), 2);
  EXPECT_EQ(by_max.substr(0, 12), "r19 r18 r17 ");
  RunSearch one = Asked("", "-metrics.acc");
  one.experiment = "one";
  EXPECT_EQ(Paged(one, 4), "r18 r8 r12 r2 r16 r6 r14 r4 r20 r10 ");
  one.experiment = "none";
  EXPECT_EQ(Paged(one, 4), "");
}

TEST_F(RunSearchTest, ThoseWithoutTheMetricAreFoundAmongThoseThatHaveIt) {
  for (int i = 0; i < 3; i++) Log(Make("one"), "acc", {double(i)});
  RunSearch one = Asked("", "-metrics.acc");
  one.experiment = "one";
  EXPECT_EQ(Paged(one, 2), "r3 r2 r1 ");
  Log(Make("one"), "acc", {std::nan("")});  // has no place in the order
  int64_t bare = Make("one");
  EXPECT_EQ(Paged(one, 2), "r3 r2 r1 r5 r4 ");
  Log(bare, "acc", {9});
  Asked("");  // sorts
  EXPECT_EQ(Paged(one, 2), "r5 r3 r2 r1 r4 ");
}

TEST_F(RunSearchTest, PagesStayWhenRunsCome) {
  std::map<std::string, double> value;
  for (int i = 0; i < 30; i++) Log(Make(), "acc", {double(i % 7)});
  RunSearch search = Asked("", "metrics.acc");
  search.limit = 4;
  std::vector<std::string> seen;
  for (bool more = true; more;) {
    auto page = *SearchRuns(*db, search);
    for (const RunText& run : page.runs) seen.push_back(run.id);
    more = page.next.has_value();
    search.after = page.next;
    Log(Make(), "acc", {-1.0});  // before every page
    while (*SortMetrics(*db, 1000)) {
    }
  }
  EXPECT_EQ(seen.size(), 30u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 30u);
}

TEST_F(RunSearchTest, Filters) {
  int64_t a = Make(), b = Make("two"), c = Make();
  Log(a, "acc", {0.5, 0.95});
  Log(b, "acc", {0.99, 0.2});
  Log(c, "acc", {NAN});
  ASSERT_TRUE(SetTag(*db, a, "team", "x"));
  ASSERT_TRUE(SetTag(*db, b, "team", "Xylo"));
  ASSERT_TRUE(SetTag(*db, b, "fold", "10"));
  ASSERT_TRUE(SetTag(*db, c, "fold", "none"));
  ASSERT_TRUE(SetParams(*db, a, {{"lr", "1e-3"}, {"opt", "adam"}}));
  ASSERT_TRUE(SetParams(*db, b, {{"lr", "0.1"}, {"opt", "7"}}));
  EXPECT_EQ(Found("metrics.acc > 0.9"), "r1 ");
  EXPECT_EQ(Found("max(metrics.acc) > 0.9"), "r2 r1 ");
  EXPECT_EQ(Found("min(metrics.acc) <= 0.2"), "r2 ");
  EXPECT_EQ(Found("not metrics.acc > 0.9"), "r3 r2 ");
  EXPECT_EQ(Found("metrics.acc > 0.9 and tags.team = \"x\""), "r1 ");
  EXPECT_EQ(Found("tags.team ~ x"), "r2 r1 ");
  EXPECT_EQ(Found("tags.team != x"), "r2 ");
  EXPECT_EQ(Found("not tags.team = x"), "r3 r2 ");
  EXPECT_EQ(Found("tags.fold > 9"), "r2 ") << "10 is a number, 'none' is not";
  EXPECT_EQ(Found("tags.fold"), "r3 r2 ");
  EXPECT_EQ(Found("params.lr < 0.01"), "r1 ");
  EXPECT_EQ(Found("params.lr = 0.001"), "r1 ");
  EXPECT_EQ(Found("params.opt > 1"), "r2 ") << "adam is not greater";
  EXPECT_EQ(Found("params.opt in (adam, 7)"), "r2 r1 ");
  EXPECT_EQ(Found("experiment = two or number = 2"), "r3 r2 ");
  EXPECT_EQ(Found("status = Running and id in (r1, r3)"), "r3 r1 ");
  EXPECT_EQ(Found("duration > 1"), "");
  EXPECT_EQ(Found("not duration > 1"), "r3 r2 r1 ");
  EXPECT_EQ(Found("tags.team = \"'; DROP TABLE runs; --\""), "");
  RunSearch text = Asked("");
  text.text = "XYL";
  EXPECT_EQ(Paged(text, 10), "r2 ");
}

TEST_F(RunSearchTest, SortedByTagsParamsAndAttributes) {
  int64_t a = Make(), b = Make(), c = Make(), d = Make();
  ASSERT_TRUE(SetTag(*db, a, "team", "m"));
  ASSERT_TRUE(SetTag(*db, b, "team", "a"));
  ASSERT_TRUE(SetTag(*db, d, "team", "z"));
  ASSERT_TRUE(SetTag(*db, c, "team", std::nullopt));
  ASSERT_TRUE(SetParams(*db, a, {{"lr", "10"}}));
  ASSERT_TRUE(SetParams(*db, b, {{"lr", "9"}}));
  ASSERT_TRUE(SetParams(*db, c, {{"lr", "auto"}}));
  for (int64_t limit : {1, 2, 10}) {
    EXPECT_EQ(Paged(Asked("", "tags.team"), limit), "r2 r1 r4 r3 ");
    EXPECT_EQ(Paged(Asked("", "-tags.team"), limit), "r4 r1 r2 r3 ");
    EXPECT_EQ(Paged(Asked("", "params.lr"), limit), "r2 r1 r3 r4 ");
    EXPECT_EQ(Paged(Asked("", "-params.lr"), limit), "r3 r1 r2 r4 ");
    EXPECT_EQ(Paged(Asked("", "created"), limit), "r1 r2 r3 r4 ");
    EXPECT_EQ(Paged(Asked("", "-number"), limit), "r4 r3 r2 r1 ");
    EXPECT_EQ(Paged(Asked("", "ended"), limit), "r4 r3 r2 r1 ") << "none has ended";
  }
}

TEST_F(RunSearchTest, ChildrenAreShownWhenAskedFor) {
  Make();
  Log(Make("one", "r1"), "acc", {1});
  EXPECT_EQ(Found(""), "r1 ");
  RunSearch search = Asked("", "metrics.acc");
  EXPECT_EQ(Paged(search, 10), "r1 ");
  search.include_children = true;
  EXPECT_EQ(Paged(search, 10), "r2 r1 ");
  search.parent = "r1";
  EXPECT_EQ(Paged(search, 10), "r2 ");
}

TEST_F(RunSearchTest, AMetricsFirstPageReadsItsIndexOnly) {
  RunSearch search = Asked("", "-metrics.acc");
  auto plan = *db->Prepare(
      "EXPLAIN QUERY PLAN SELECT runs.id FROM metric_order o CROSS JOIN runs ON runs.row ="
      " o.run_row WHERE o.key = ? AND o.value IS NOT NULL AND (o.value, o.run_row) < (?, ?) AND"
      " runs.workspace_id = ? ORDER BY o.value DESC, o.run_row DESC");
  std::string all;
  while (*plan.Step()) all += plan.Text(3) + "\n";
  EXPECT_EQ(all.find("TEMP B-TREE"), std::string::npos) << all;
  EXPECT_EQ(all.find("SCAN"), std::string::npos) << all;
}

TEST_F(RunSearchTest, TheTextIsTheRun) {
  int64_t a = Make();
  ASSERT_TRUE(SetTag(*db, a, "q\"", "\\ \n"));
  ASSERT_TRUE(SetTag(*db, a, "none", std::nullopt));
  ASSERT_TRUE(AddProperty(*db, a, "p", "q"));
  ASSERT_TRUE(AddWarning(*db, a, "sdk", "careful"));
  auto page = *SearchRuns(*db, Asked(""));
  auto text = json::Parse(page.text);
  ASSERT_TRUE(text) << page.text;
  json::Value whole = *RunToJson(*db, *LoadRun(*db, "r1"), "");
  whole.as_object().erase("params");
  EXPECT_EQ(json::Write(*text), json::Write(whole));
}

}  // namespace
}  // namespace rw::meta
