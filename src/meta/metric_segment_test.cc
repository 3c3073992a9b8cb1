#include "meta/metric_segment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rw::meta {
namespace {

Segment Made(std::string boot, std::vector<std::pair<int64_t, int64_t>> wall_and_boot,
             double first) {
  SegmentBuilder builder(boot);
  for (auto [wall, boot_us] : wall_and_boot)
    builder.AddNumber(wall, boot_us, std::nullopt, first++);
  return *DecodeSegment(builder.bytes());
}

std::vector<double> Numbers(const std::vector<MetricPoint>& points) {
  std::vector<double> out;
  for (const auto& p : points) out.push_back(p.number);
  return out;
}

TEST(MetricSegment, KeepsEveryBit) {
  SegmentBuilder builder("boot");
  builder.AddNumber(1, 2, -7, std::numeric_limits<double>::quiet_NaN());
  builder.AddNumber(3, 4, std::nullopt, -0.0);
  builder.AddJson(5, 6, 9, R"({"a":[1]})");
  EXPECT_EQ(builder.count(), 3);
  EXPECT_EQ(builder.last_us(), 5);
  auto segment = DecodeSegment(builder.bytes());
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->boot_id, "boot");
  ASSERT_EQ(segment->points.size(), 3u);
  EXPECT_TRUE(std::isnan(segment->points[0].number));
  EXPECT_EQ(segment->points[0].step, -7);
  EXPECT_TRUE(std::signbit(segment->points[1].number));
  EXPECT_FALSE(segment->points[1].step);
  EXPECT_EQ(segment->points[2].json, R"({"a":[1]})");
}

TEST(MetricSegment, RefusesDamage) {
  SegmentBuilder builder("boot");
  builder.AddNumber(1, 2, 3, 4.0);
  for (size_t cut = 0; cut < builder.bytes().size(); cut++) {
    if (cut == 6) continue;  // an empty segment is whole
    EXPECT_FALSE(DecodeSegment(std::string_view(builder.bytes()).substr(0, cut))) << cut;
  }
}

TEST(MetricSegment, WritersAreMergedByTimeAndKeepTheirOrder) {
  std::vector<Segment> segments;
  segments.push_back(Made("b", {{100, 0}, {130, 30}}, 1));
  segments.push_back(Made("b", {{160, 60}}, 3));
  segments.push_back(Made("b", {{110, 10}, {140, 40}}, 10));
  auto merged = MergeSegments(std::move(segments), {"w1", "w1", "w2"});
  EXPECT_EQ(Numbers(merged), (std::vector<double>{1, 10, 2, 11, 3}));
}

TEST(MetricSegment, AClockThatWasSetReordersNothing) {
  std::vector<Segment> segments;
  // The wall clock jumped back by 1000 between the two points of w1; w2 wrote in between.
  segments.push_back(Made("b", {{2000, 0}, {1020, 20}}, 1));
  segments.push_back(Made("b", {{1010, 10}}, 10));
  auto merged = MergeSegments(std::move(segments), {"w1", "w2"});
  EXPECT_EQ(Numbers(merged), (std::vector<double>{1, 10, 2}));
}

TEST(MetricSegment, TiesAreOrderedByWriter) {
  std::vector<Segment> segments;
  segments.push_back(Made("b", {{5, 5}}, 1));
  segments.push_back(Made("b", {{5, 5}}, 2));
  auto merged = MergeSegments(std::move(segments), {"w1", "w2"});
  EXPECT_EQ(Numbers(merged), (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace rw::meta
