#include "meta/metric_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "json/value.h"
#include "meta/metric_packing.h"
#include "meta/metric_rows.h"
#include "meta/metric_text.h"
#include "meta/schema.h"

namespace rw::meta {
namespace {

class MetricReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    db = *db::Connection::Open(":memory:");
    ASSERT_TRUE(db::Migrate(*db, Migrations()));
    ASSERT_TRUE(db->Execute(
        "INSERT INTO runs (row, id, workspace_id, experiment_id, experiment, number, type, status,"
        " root_id, created_us) VALUES (1, 'r1', 'w', 'e', 'x', 1, 't', 'Running', 'r1', 1)"));
  }
  void Add(const std::string& writer, const SegmentBuilder& segment) {
    ASSERT_TRUE(AddSegment(*db, 1, "loss", "scalar", writer, seq_, segment));
    seq_ += segment.count();
  }
  void Made(const std::string& writer, std::vector<std::pair<int64_t, int64_t>> wall_and_boot,
            double first) {
    SegmentBuilder builder("b");
    for (auto [wall, boot] : wall_and_boot) builder.AddNumber(wall, boot, std::nullopt, first++);
    Add(writer, builder);
  }
  std::vector<double> Numbers() {
    std::vector<double> out;
    damaged.clear();
    auto metric = *FindMetrics(*db, 1, "loss");
    EXPECT_TRUE(VisitMetric(*db, metric[0], &damaged,
                            [&](const Segment& segment, size_t begin, size_t end) -> Status {
                              for (size_t i = begin; i < end; i++) out.push_back(segment.Number(i));
                              return Ok();
                            }));
    return out;
  }
  int64_t Count(const std::string& sql) {
    auto row = *db->Prepare(sql);
    EXPECT_TRUE(*row.Step());
    return row.Int(0);
  }
  json::Value Buckets(int64_t buckets) {
    std::string out;
    damaged.clear();
    auto status = WriteBuckets(*db, 1, "loss", buckets, out, damaged);
    EXPECT_TRUE(status) << status.error().message();
    return (*json::Parse(out))["buckets"];
  }

  std::unique_ptr<db::Connection> db;
  std::vector<DamagedSegment> damaged;
  int64_t seq_ = 0;
};

TEST_F(MetricReaderTest, WritersAreMergedByTimeAndKeepTheirOrder) {
  Made("w1", {{100, 0}, {130, 30}}, 1);
  Made("w1", {{160, 60}}, 3);
  Made("w2", {{110, 10}, {140, 40}}, 10);
  EXPECT_EQ(Numbers(), (std::vector<double>{1, 10, 2, 11, 3}));
}

TEST_F(MetricReaderTest, AClockThatWasSetReordersNothing) {
  // The wall clock jumped back by 1000 between the two points of w1; w2 wrote in between.
  Made("w1", {{2000, 0}, {1020, 20}}, 1);
  Made("w2", {{1010, 10}}, 10);
  EXPECT_EQ(Numbers(), (std::vector<double>{1, 10, 2}));
}

TEST_F(MetricReaderTest, TiesAreOrderedByWriter) {
  Made("w1", {{5, 5}}, 1);
  Made("w2", {{5, 5}}, 2);
  EXPECT_EQ(Numbers(), (std::vector<double>{1, 2}));
}

TEST_F(MetricReaderTest, ManySmallSegmentsBecomeFewAndReadTheSame) {
  std::vector<double> want;
  for (int i = 0; i < 20000; i++) {
    SegmentBuilder one("b");
    one.AddNumber(1000 + i, i, i, i * 0.5);
    Add("w1", one);
    want.push_back(i * 0.5);
  }
  EXPECT_EQ(Numbers(), want);
  EXPECT_LT(Count("SELECT count(*) FROM metric_segments"), 40);
  EXPECT_EQ(Count("SELECT sum(count) FROM metric_segments"), 20000);
  EXPECT_GE(Count("SELECT max(count) FROM metric_segments"), 8192);
  EXPECT_EQ(Count("SELECT count FROM metrics"), 20000);
}

TEST_F(MetricReaderTest, EachWriterIsCompactedByItself) {
  for (int i = 0; i < 2000; i++) {
    SegmentBuilder one("b");
    one.AddNumber(i, i, std::nullopt, i);
    Add("w" + std::to_string(i % 4), one);
  }
  std::vector<double> all = Numbers();
  ASSERT_EQ(all.size(), 2000u);
  for (int i = 0; i < 2000; i++) ASSERT_EQ(all[i], i);
  EXPECT_LT(Count("SELECT count(*) FROM metric_segments"), 120);
}

TEST_F(MetricReaderTest, ARunsEndPacksWhatIsSmall) {
  for (int i = 0; i < 15; i++)  // too few to be merged as they came
    Made(i % 2 == 0 ? "w1" : "w2", {{10 + i, 10 + i}}, i);
  std::vector<double> before = Numbers();
  EXPECT_EQ(Count("SELECT count(*) FROM metric_segments"), 15);
  ASSERT_TRUE(QueuePacking(*db, 1));
  EXPECT_TRUE(*IsPackingDue(*db));
  EXPECT_FALSE(*PackSome(*db));
  EXPECT_FALSE(*IsPackingDue(*db));
  EXPECT_EQ(Count("SELECT count(*) FROM metric_segments"), 2) << "one a writer";
  EXPECT_EQ(Numbers(), before);
  EXPECT_EQ(Count("SELECT sum(count) FROM metric_segments"), 15);
}

TEST_F(MetricReaderTest, PackingGoesInStepsAndOnAfterEach) {
  for (int name = 0; name < 150; name++)
    for (int i = 0; i < 3; i++) {
      SegmentBuilder one("b");
      for (int k = 0; k < 500; k++) one.AddNumber(i * 500 + k, i * 500 + k, std::nullopt, k);
      ASSERT_TRUE(AddSegment(*db, 1, "m" + std::to_string(name), "scalar", "w", i * 500, one));
    }
  ASSERT_TRUE(QueuePacking(*db, 1));
  int steps = 1;
  while (*PackSome(*db)) steps++;
  EXPECT_GT(steps, 5);
  EXPECT_LT(steps, 20);
  EXPECT_EQ(Count("SELECT count(*) FROM metric_segments"), 150);
  EXPECT_EQ(Count("SELECT min(count) FROM metric_segments"), 1500);
  ASSERT_TRUE(QueuePacking(*db, 1));
  steps = 1;
  while (*PackSome(*db)) steps++;
  EXPECT_LT(steps, 5) << "packed already";
}

TEST_F(MetricReaderTest, PackingPassesOverDamage) {
  for (int i = 0; i < 5; i++) Made("w1", {{10 + i, 10 + i}}, i);
  ASSERT_TRUE(
      db->Execute("UPDATE metric_segments SET data = CAST(substr(data, 1, 30) AS BLOB)"
                  " WHERE first_seq = 2"));
  std::vector<double> before = Numbers();
  ASSERT_TRUE(QueuePacking(*db, 1));
  EXPECT_FALSE(*PackSome(*db));
  EXPECT_EQ(Numbers(), before);
  EXPECT_EQ(damaged.size(), 1u);
}

TEST_F(MetricReaderTest, DamageIsNamedAndTheRestIsRead) {
  Made("w1", {{1, 1}, {2, 2}}, 1);
  Made("w1", {{3, 3}, {4, 4}}, 3);
  Made("w1", {{5, 5}}, 5);
  ASSERT_TRUE(
      db->Execute("UPDATE metric_segments SET data = CAST(substr(data, 1, 40) || x'a5' ||"
                  " substr(data, 42) AS BLOB) WHERE first_seq = 2"));
  EXPECT_EQ(Numbers(), (std::vector<double>{1, 2, 5}));
  ASSERT_EQ(damaged.size(), 1u);
  EXPECT_EQ(damaged[0].metric, "loss");
  EXPECT_EQ(damaged[0].first_seq, 2);
  EXPECT_EQ(damaged[0].count, 2);
  for (int i = 0; i < 40; i++) Made("w1", {{10 + i, 10 + i}}, 6 + i);
  EXPECT_EQ(Numbers().size(), 43u) << "merging passes over it";
  EXPECT_EQ(damaged.size(), 1u);
  EXPECT_EQ(Buckets(10)["count"].as_array().size(), 10u);
}

TEST_F(MetricReaderTest, BucketsAreExact) {
  std::mt19937 random(3);
  std::vector<double> all;
  for (int part = 0; part < 7; part++) {
    SegmentBuilder segment("b");
    for (int i = 0; i < 151; i++) {
      double value = random() % 10 == 0 ? NAN : double(random() % 1000) - 500;
      if (random() % 50 == 0) value = INFINITY;
      int64_t at = static_cast<int64_t>(all.size());
      segment.AddNumber(at, at, at * 2, value);
      all.push_back(value);
    }
    Add("w1", segment);
  }
  for (size_t buckets : {1, 2, 10, 333, 1057, 5000}) {
    json::Value made = Buckets(static_cast<int64_t>(buckets));
    size_t count = std::min(buckets, all.size()), done = 0;
    ASSERT_EQ(made["count"].as_array().size(), count);
    for (size_t b = 0; b < count; b++) {
      auto size = static_cast<size_t>(made["count"].as_array()[b].as_int());
      EXPECT_LE(size, all.size() / count + 1);
      double least = INFINITY, most = -INFINITY;
      bool any = false;
      for (size_t i = done; i < done + size; i++) {
        if (std::isnan(all[i])) continue;
        any = true;
        least = std::min(least, all[i]);
        most = std::max(most, all[i]);
      }
      done += size;
      EXPECT_EQ(made["min"].as_array()[b], any ? json::NumberOrName(least) : json::Value());
      EXPECT_EQ(made["max"].as_array()[b], any ? json::NumberOrName(most) : json::Value());
      EXPECT_EQ(made["last"].as_array()[b], json::NumberOrName(all[done - 1]));
      EXPECT_EQ(made["step"].as_array()[b].as_int(), int64_t(done - 1) * 2);
    }
    EXPECT_EQ(done, all.size());
  }
}

TEST_F(MetricReaderTest, TextInPieces) {
  SegmentBuilder segment("b");
  for (int i = 0; i < 20000; i++) segment.AddNumber(i, i, std::nullopt, i);
  Add("w1", segment);
  int pieces = 0;
  std::string all;
  TextSink sink([&](std::string_view piece) -> Status {
    EXPECT_LT(piece.size(), size_t{300} << 10);
    pieces++;
    all += piece;
    return Ok();
  });
  ASSERT_TRUE(WriteMetrics(*db, 1, std::nullopt, sink, damaged));
  ASSERT_TRUE(sink.Flush());
  EXPECT_GT(pieces, 1);
  json::Value metric = json::Parse(all)->as_array()[0];
  EXPECT_EQ(metric["values"].as_array().size(), 20000u);
  EXPECT_EQ(metric["times"].as_array()[1].as_string(), "1970-01-01T00:00:00.000001Z");
  EXPECT_TRUE(metric["steps"].is_null());
}

}  // namespace
}  // namespace rw::meta
