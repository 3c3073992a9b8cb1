#include "journal/record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rw::journal {
namespace {

std::string FileOf(int records) {
  std::string file(kFileHeader);
  for (int i = 0; i < records; i++)
    AppendRecord({uint64_t(i), 1000 + i, 50 + i, i == 0 ? Kind::kOpen : Kind::kTag, "{}"}, file);
  return file;
}

TEST(Record, ComesBackAsItWas) {
  std::string bytes;
  AppendRecord({7, -3, 9, Kind::kTag, "{\"set\":{}}"}, bytes);
  EXPECT_EQ(bytes.size(), kPrefixSize + kHeadSize + 10);
  Batch batch = ParseRecords(bytes, 100);
  ASSERT_EQ(batch.records.size(), 1u);
  EXPECT_EQ(batch.size, bytes.size());
  EXPECT_EQ(batch.tail, Tail::kNone);
  const Record& record = batch.records[0];
  EXPECT_EQ(record.seq, 7u);
  EXPECT_EQ(record.wall_us, -3);
  EXPECT_EQ(record.boot_us, 9);
  EXPECT_EQ(record.kind, Kind::kTag);
  EXPECT_EQ(record.body, "{\"set\":{}}");
}

TEST(Record, EveryCutIsAPartialTailThatKeepsWholeRecords) {
  std::string file = FileOf(3);
  size_t record = (file.size() - kFileHeader.size()) / 3;
  for (size_t cut = 0; cut <= file.size(); cut++) {
    // A copy of exactly these bytes, so that a sanitizer sees any read behind them.
    std::string part = file.substr(0, cut);
    Batch batch = ParseRecords(part, 0);
    size_t whole = cut < kFileHeader.size() ? 0 : (cut - kFileHeader.size()) / record;
    EXPECT_EQ(batch.records.size(), whole) << cut;
    EXPECT_EQ(batch.size, whole == 0 ? 0 : kFileHeader.size() + whole * record) << cut;
    EXPECT_NE(batch.tail, Tail::kDamaged) << cut;
  }
}

TEST(Record, AnyChangedByteEndsTheFileThere) {
  const std::string file = FileOf(2);
  for (size_t at = 0; at < file.size(); at++) {
    std::string changed = file;
    changed[at] ^= 0x40;
    Batch batch = ParseRecords(changed, 0);
    size_t record = (file.size() - kFileHeader.size()) / 2;
    size_t before = at < kFileHeader.size() ? 0 : (at - kFileHeader.size()) / record;
    EXPECT_EQ(batch.records.size(), before) << at;
    EXPECT_NE(batch.tail, Tail::kNone) << at;
  }
}

TEST(Record, AnAbsurdLengthIsDamageAndNotWaitedFor) {
  std::string bytes("\xff\xff\xff\xff\0\0\0\0", 8);
  EXPECT_EQ(ParseRecords(bytes, 8).tail, Tail::kDamaged);
  std::string small("\x18\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(ParseRecords(small, 8).tail, Tail::kDamaged);
}

TEST(Record, NumbersKeepTheirBits) {
  double nan = std::nan("0x1234");
  for (double value : {0.1, -0.0, nan, std::numeric_limits<double>::infinity(), 5e-324}) {
    for (std::optional<int64_t> step : {std::optional<int64_t>(), std::optional<int64_t>(-4)}) {
      std::string body;
      AppendNumber({step, value, "loss"}, body);
      auto back = ParseNumber(body);
      ASSERT_TRUE(back);
      EXPECT_EQ(std::bit_cast<uint64_t>(back->value), std::bit_cast<uint64_t>(value));
      EXPECT_EQ(back->step, step);
      EXPECT_EQ(back->name, "loss");
    }
  }
}

TEST(Record, BrokenNumberBodiesAreRefused) {
  EXPECT_FALSE(ParseNumber(""));
  EXPECT_FALSE(ParseNumber(std::string(8, '\0')));
  EXPECT_FALSE(ParseNumber(std::string("\x01") + std::string(15, '\0')));
  EXPECT_FALSE(ParseNumber(std::string("\x04") + std::string(20, '\0')));
  EXPECT_FALSE(ParseNumber(std::string(9, '\0') + "\xff"));
  EXPECT_TRUE(ParseNumber(std::string(9, '\0')));
}

}  // namespace
}  // namespace rw::journal
