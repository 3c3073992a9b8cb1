#include "meta/metric_order.h"

#include <gtest/gtest.h>

#include <cmath>

#include "meta/metric_rows.h"
#include "meta/schema.h"

namespace rw::meta {
namespace {

class MetricOrderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    db = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db, Migrations()));
    for (int i = 1; i <= 3; i++) {
      auto insert = *db->Prepare(
          "INSERT INTO runs (row, id, workspace_id, experiment_id, experiment, number, type,"
          " status, root_id, created_us) VALUES (?1, 'r' || ?1, 'w', 'e', 'x', ?1, 't', 'Running',"
          " 'r' || ?1, 1)");
      ASSERT_TRUE(insert.Bind(int64_t{i}).Run());
    }
  }

  void Log(int64_t run, const std::string& name, const std::vector<double>& values,
           const std::string& writer = "w1", int64_t at = 100) {
    SegmentBuilder segment("b");
    for (double value : values) segment.AddNumber(at, at, std::nullopt, value);
    ASSERT_TRUE(AddSegment(*db, run, name, "scalar", writer, seq_, segment));
    seq_ += static_cast<int64_t>(values.size());
  }
  /// "run:value …" of one kind (0 last, 1 min, 2 max) in order.
  std::string Sorted(int kind) {
    auto rows = *db->Prepare("SELECT run_row, value FROM metric_order WHERE key % 3 = ?");
    rows.Bind(int64_t{kind});
    std::string out;
    while (*rows.Step()) {
      out += std::to_string(rows.Int(0)) + ":" + std::to_string(int(rows.Double(1))) + " ";
    }
    return out;
  }

  std::unique_ptr<db::Connection> db;
  int64_t seq_ = 0;
};

TEST_F(MetricOrderTest, FollowsWhatIsLogged) {
  Log(1, "acc", {3, 1, 2});
  Log(2, "acc", {5});
  EXPECT_TRUE(*HasUnsortedMetrics(*db));
  EXPECT_EQ(Sorted(0), "");
  EXPECT_FALSE(*SortMetrics(*db, 100));
  EXPECT_EQ(Sorted(0), "1:2 2:5 ");
  EXPECT_EQ(Sorted(1), "1:1 2:5 ");
  EXPECT_EQ(Sorted(2), "1:3 2:5 ");
  EXPECT_FALSE(*HasUnsortedMetrics(*db));
  Log(1, "acc", {9});
  EXPECT_FALSE(*SortMetrics(*db, 100));
  EXPECT_EQ(Sorted(0), "2:5 1:9 ");
  EXPECT_EQ(Sorted(1), "1:1 2:5 ");
  Log(1, "acc", {9});
  EXPECT_FALSE(*HasUnsortedMetrics(*db)) << "nothing moved";
}

TEST_F(MetricOrderTest, NanHasNoPlace) {
  Log(1, "acc", {1, NAN});
  Log(2, "acc", {-INFINITY});
  while (*SortMetrics(*db, 1)) {
  }
  EXPECT_EQ(Sorted(0).substr(0, 2), "2:") << "infinity has one";
  EXPECT_EQ(Sorted(2).substr(Sorted(2).size() - 4), "1:1 ");
  Log(1, "acc", {4});
  while (*SortMetrics(*db, 1)) {
  }
  EXPECT_EQ(Sorted(0).substr(Sorted(0).size() - 4), "1:4 ");
}

TEST_F(MetricOrderTest, LastIsTheLatestOfSeveralWriters) {
  Log(1, "acc", {1}, "w1", 500);
  Log(1, "acc", {2}, "w2", 400);  // shipped later, written earlier
  ASSERT_TRUE(SortMetrics(*db, 100));
  EXPECT_EQ(Sorted(0), "1:1 ");
  Log(1, "acc", {3}, "w1", 450);  // the clock was set back
  ASSERT_TRUE(SortMetrics(*db, 100));
  EXPECT_EQ(Sorted(0), "1:3 ");
}

TEST_F(MetricOrderTest, ADatabaseFromBeforeIsSummarised) {
  Log(1, "acc", {3, 1});
  ASSERT_TRUE(
      db->Execute("UPDATE metrics SET dirty = 2, series = 0, count = 0, last = NULL,"
                  " min = NULL, max = NULL; DELETE FROM metric_series"));
  Log(1, "acc", {2}, "w1", 200);
  ASSERT_TRUE(SortMetrics(*db, 100));
  EXPECT_EQ(Sorted(0) + Sorted(1) + Sorted(2), "1:2 1:1 1:3 ");
  Log(2, "acc", {7});
  ASSERT_TRUE(SortMetrics(*db, 100));
  EXPECT_EQ(Sorted(0), "1:2 2:7 ") << "in the same series";
}

TEST_F(MetricOrderTest, DeletedMetricsLeaveIt) {
  Log(1, "acc", {3, 1});
  Log(2, "acc", {4});
  ASSERT_TRUE(SortMetrics(*db, 100));
  ASSERT_TRUE(db->Execute("DELETE FROM metrics WHERE run_row = 1"));
  EXPECT_EQ(Sorted(0) + Sorted(1) + Sorted(2), "2:4 2:4 2:4 ");
}

}  // namespace
}  // namespace rw::meta
