// tests/vectors/journal.json is what every implementation of the format must read and write. With
// RW_WRITE_VECTORS=1 this test writes the file instead of comparing with it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <limits>

#include "base/strings.h"
#include "journal/record.h"
#include "json/value.h"
#include "os/file_system.h"

namespace rw::journal {
namespace {

constexpr char kVectors[] = "tests/vectors/journal.json";
constexpr int64_t kWall = 1'700'000'000'000'000;
constexpr int64_t kBoot = 86'400'000'123;

struct Sample {
  Kind kind;
  std::string body;
};

std::string NumberBody(std::optional<int64_t> step, double value, std::string_view name,
                       bool integer = false) {
  std::string body;
  AppendNumber({step, value, name, integer}, body);
  return body;
}

std::vector<Sample> Samples() {
  const double infinity = std::numeric_limits<double>::infinity();
  return {
      {Kind::kOpen,
       R"({"run_id":"exp_1700000000_0a1b2c3d","boot_id":"6f0cf0d4-9c5e-4d3e-8a3c-0a9ad7f5a111","pid":4242,)"
       R"("start_ticks":987654,"writer":"00112233445566ff","version":1})"},
      {Kind::kNumber, NumberBody(std::nullopt, 0.1, "loss")},
      {Kind::kNumber, NumberBody(7, -0.0, "loss")},
      {Kind::kNumber, NumberBody(-1, std::numeric_limits<double>::quiet_NaN(), "přesnost")},
      {Kind::kNumber, NumberBody(std::nullopt, infinity, "")},
      {Kind::kNumber, NumberBody(std::numeric_limits<int64_t>::max(), 5e-324, "a b/c")},
      {Kind::kMetric,
       R"({"name":"row","type":"row","value":{"x":1,"y":{"$number":"NaN"}},"step":3})"},
      {Kind::kTag, R"({"set":{"flag":null,"quality":"dobrá"},"remove":["old"]})"},
      {Kind::kProperty, R"({"run_id":"child-1","set":{"commit":"abc"}})"},
      {Kind::kChild,
       R"({"run_id":"child-1","parent_id":"exp_1700000000_0a1b2c3d","tags":{"i":"0"}})"},
      {Kind::kRun, R"({"run_id":"child-1"})"},
      {Kind::kLost, R"({"points":12})"},
      {Kind::kEnd, R"({"status":"Failed","error":{"message":"no data"}})"},
      {static_cast<Kind>(200), std::string("\0\xff of a later version", 21)},
      {Kind::kNumber, NumberBody(std::nullopt, 3, "epoch", true)},
      {Kind::kNumber, NumberBody(-2, -9007199254740992, "epoch", true)},
  };
}

json::Value Generate() {
  json::Value records;
  std::string file(kFileHeader);
  uint64_t seq = 0;
  for (const Sample& sample : Samples()) {
    Record record{seq, kWall + int64_t(seq) * 1001, kBoot + int64_t(seq) * 1000, sample.kind,
                  sample.body};
    if (seq == 5) record.wall_us = -1;  // a clock that was set
    std::string bytes;
    AppendRecord(record, bytes);
    file += bytes;
    json::Value one;
    one.Set("kind", static_cast<int>(sample.kind)).Set("seq", seq).Set("wall_us", record.wall_us);
    one.Set("boot_us", record.boot_us).Set("body_hex", HexEncode(sample.body));
    one.Set("record_hex", HexEncode(bytes));
    records.Append(std::move(one));
    seq++;
  }
  json::Value all;
  all.Set("writer", "00112233445566ff").Set("records", std::move(records));
  all.Set("file_hex", HexEncode(file));
  return all;
}

TEST(JournalVectors, AreWhatWeWrite) {
  json::Value expected = Generate();
  if (getenv("RW_WRITE_VECTORS") != nullptr) {
    ASSERT_TRUE(os::WriteFileAtomically(os::PosixFileSystem(), kVectors,
                                        json::WritePretty(expected) + "\n"));
  }
  auto text = os::ReadFile(os::PosixFileSystem(), kVectors);
  ASSERT_TRUE(text) << text.error().message();
  auto stored = json::Parse(*text);
  ASSERT_TRUE(stored);
  EXPECT_EQ(*stored, expected);
}

TEST(JournalVectors, AreWhatWeRead) {
  json::Value vectors = *json::Parse(*os::ReadFile(os::PosixFileSystem(), kVectors));
  std::string file = *HexDecode(vectors.StringOr("file_hex"));
  Batch batch = ParseRecords(file, 0);
  EXPECT_EQ(batch.tail, Tail::kNone);
  const json::Array& records = vectors["records"].as_array();
  ASSERT_EQ(batch.records.size(), records.size());
  for (size_t i = 0; i < records.size(); i++) {
    EXPECT_EQ(static_cast<int>(batch.records[i].kind), records[i].IntOr("kind", -1));
    EXPECT_EQ(batch.records[i].wall_us, records[i].IntOr("wall_us", 0));
    EXPECT_EQ(HexEncode(batch.records[i].body), records[i].StringOr("body_hex"));
  }
}

}  // namespace
}  // namespace rw::journal
