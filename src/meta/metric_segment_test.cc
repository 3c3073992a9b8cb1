#include "meta/metric_segment.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/strings.h"

namespace rw::meta {
namespace {

TEST(MetricSegment, KeepsEveryBit) {
  SegmentBuilder builder("boot");
  builder.AddNumber(1, 2, -7, std::numeric_limits<double>::quiet_NaN());
  builder.AddNumber(3, 4, std::nullopt, -0.0);
  builder.AddJson(5, 6, 9, R"({"a":[1]})");
  EXPECT_EQ(builder.count(), 3);
  EXPECT_EQ(builder.last_us(), 5);
  auto segment = Segment::Open(builder.Bytes());
  ASSERT_TRUE(segment) << segment.error().message();
  EXPECT_EQ(segment->boot_id(), "boot");
  ASSERT_EQ(segment->count(), 3u);
  EXPECT_TRUE(std::isnan(segment->Number(0)));
  EXPECT_EQ(segment->Step(0), -7);
  EXPECT_TRUE(std::signbit(segment->Number(1)));
  EXPECT_FALSE(segment->Step(1));
  EXPECT_EQ(segment->Json(2), R"({"a":[1]})");
  EXPECT_EQ(segment->Json(1), "");
  EXPECT_EQ(segment->least_shift(), -1);
}

TEST(MetricSegment, RandomPointsComeBackBitForBit) {
  std::mt19937_64 random(7);
  for (size_t size : {0, 1, 2, 300, 5000}) {
    SegmentBuilder builder("b");
    std::vector<MetricPoint> points;
    for (size_t i = 0; i < size; i++) {
      MetricPoint p;
      p.number = std::bit_cast<double>(random());
      // Clocks that jump anywhere; steps that go on, jump, or are not there.
      p.boot_us = i % 100 < 90 ? int64_t(i) * 37 : int64_t(random());
      p.wall_us = i % 50 == 0 ? int64_t(random()) : p.boot_us + 1'700'000'000'000'000;
      if (size == 300 || (size == 5000 && random() % 3 == 0)) {  // all, or some
        p.number = static_cast<double>(static_cast<int64_t>(random()) / 1024);
        p.integer = true;
      }
      if (random() % 3 != 0) p.step = i % 7 ? int64_t(i) : int64_t(random());
      points.push_back(p);
      builder.Add(p);
    }
    auto segment = Segment::Open(builder.Bytes());
    ASSERT_TRUE(segment) << segment.error().message();
    ASSERT_EQ(segment->count(), size);
    for (size_t i = 0; i < size; i++) {
      MetricPoint p = segment->Point(i);
      ASSERT_EQ(std::bit_cast<uint64_t>(p.number), std::bit_cast<uint64_t>(points[i].number));
      ASSERT_EQ(p.boot_us, points[i].boot_us);
      ASSERT_EQ(p.wall_us, points[i].wall_us);
      ASSERT_EQ(p.step, points[i].step);
      ASSERT_EQ(p.integer, points[i].integer);
    }
  }
}

TEST(MetricSegment, OnlyWholeNumbersAreIntegers) {
  SegmentBuilder builder("b");
  const double values[] = {3, 0.5, 9007199254740994.0, -9007199254740992.0, 7};
  for (double value : values) builder.AddNumber(1, 1, {}, value, value != 7);
  builder.AddJson(2, 2, {}, "[1]");
  auto segment = Segment::Open(builder.Bytes());
  ASSERT_TRUE(segment) << segment.error().message();
  std::string found;
  for (size_t i = 0; i < segment->count(); i++) found += segment->Integer(i) ? '1' : '0';
  EXPECT_EQ(found, "100100");
  EXPECT_EQ(segment->Json(5), "[1]");
}

TEST(MetricSegment, RegularSeriesAreSmall) {
  SegmentBuilder builder("b");
  for (int i = 0; i < 10000; i++)
    builder.AddNumber(1'700'000'000'000'000 + i * 5003, i * 5003, i, 0.5);
  EXPECT_LT(builder.Bytes().size(), 10000u * 8 + 1500) << "steps and even times cost a bit each";
}

TEST(MetricSegment, FindsDamage) {
  SegmentBuilder builder("boot");
  for (int i = 0; i < 20; i++) builder.AddNumber(1 + i * i, 2, 3, i * 0.1);
  builder.AddJson(1, 2, std::nullopt, "[1]");
  const std::string whole = builder.Bytes();
  for (size_t cut = 0; cut < whole.size(); cut++) {
    EXPECT_FALSE(Segment::Open(whole.substr(0, cut))) << cut;
  }
  for (size_t bit = 8; bit < whole.size() * 8; bit++) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    auto opened = Segment::Open(damaged);
    ASSERT_FALSE(opened) << bit;
    EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  }
  std::string newer = whole;
  newer[0] = 3;
  EXPECT_EQ(Segment::Open(newer).error().code(), Code::kUnsupported);
}

TEST(MetricSegment, ReadsTheFirstVersion) {
  // Version 1, boot id "b"; a number with step 3, a JSON value without.
  auto bytes = *HexDecode(
      "010162"
      "01"
      "0a00000000000000"
      "0500000000000000"
      "0300000000000000"
      "000000000000f83f"
      "02"
      "0b00000000000000"
      "0600000000000000"
      "03000000"
      "5b315d");
  auto segment = Segment::Open(bytes);
  ASSERT_TRUE(segment) << segment.error().message();
  ASSERT_EQ(segment->count(), 2u);
  EXPECT_EQ(segment->boot_id(), "b");
  EXPECT_EQ(segment->Number(0), 1.5);
  EXPECT_EQ(segment->Wall(0), 10);
  EXPECT_EQ(segment->Boot(0), 5);
  EXPECT_EQ(segment->Step(0), 3);
  EXPECT_EQ(segment->Json(1), "[1]");
  EXPECT_FALSE(Segment::Open(std::string_view(bytes).substr(0, 20)));
}

}  // namespace
}  // namespace rw::meta
