#include "journal/reader.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "journal/writer.h"
#include "os/paths.h"

namespace rw::journal {
namespace {

class ReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rw-journal-XXXXXX";
    folder_ = mkdtemp(name);
  }
  void TearDown() override { ASSERT_TRUE(fs_.RemoveTree(folder_)); }
  std::unique_ptr<Writer> NewWriter(const char* id = "00000000000000aa") {
    auto writer = Writer::Create(fs_, SystemClock(), folder_, WriterId(id), "{}");
    EXPECT_TRUE(writer);
    return std::move(*writer);
  }
  std::unique_ptr<os::File> OpenFile(os::OpenMode mode = os::OpenMode::kRead) {
    auto file = fs_.Open(Writer::PathOf(folder_, WriterId("00000000000000aa")), mode);
    EXPECT_TRUE(file);
    return std::move(*file);
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string folder_;
};

TEST_F(ReaderTest, FollowsAWriter) {
  auto writer = NewWriter();
  auto file = OpenFile();
  Reader reader(*file);
  auto first = reader.Next(1 << 20);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->bytes.size(), writer->size());
  EXPECT_TRUE(reader.Next(1 << 20)->bytes.empty());
  ASSERT_TRUE(writer->AppendNumber({std::nullopt, 1.5, "x"}));
  auto second = reader.Next(1 << 20);
  Batch batch = ParseRecords(second->bytes, second->offset);
  ASSERT_EQ(batch.records.size(), 1u);
  EXPECT_EQ(batch.records[0].seq, 1u);
  EXPECT_EQ(ParseNumber(batch.records[0].body)->value, 1.5);
}

TEST_F(ReaderTest, GivesWholeRecordsWithinTheLimit) {
  auto writer = NewWriter();
  for (int i = 0; i < 100; i++) ASSERT_TRUE(writer->AppendNumber({i, 0.5, "metric"}));
  ASSERT_TRUE(writer->Append(Kind::kMetric, std::string(5000, 'x')));
  auto file = OpenFile();
  Reader reader(*file);
  size_t records = 0;
  for (;;) {
    auto chunk = reader.Next(700);
    ASSERT_TRUE(chunk);
    if (chunk->bytes.empty()) break;
    Batch batch = ParseRecords(chunk->bytes, chunk->offset);
    EXPECT_EQ(batch.size, chunk->bytes.size());
    EXPECT_TRUE(chunk->bytes.size() <= 700 || batch.records.size() == 1);
    records += batch.records.size();
  }
  EXPECT_EQ(records, 102u);
  EXPECT_EQ(reader.offset(), writer->size());
}

TEST_F(ReaderTest, WaitsAtATornTailAndStopsAtDamage) {
  auto writer = NewWriter();
  auto append = OpenFile(os::OpenMode::kAppend);
  auto file = OpenFile();
  Reader reader(*file);
  ASSERT_TRUE(reader.Next(1 << 20));
  std::string record;
  AppendRecord({1, 0, 0, Kind::kTag, "{}"}, record);
  ASSERT_TRUE(append->Append(record.substr(0, 20)));
  EXPECT_EQ(reader.Next(1 << 20)->tail, Tail::kPartial);
  ASSERT_TRUE(append->Append(record.substr(20)));
  EXPECT_EQ(reader.Next(1 << 20)->bytes, record);
  record[33] ^= 1;
  ASSERT_TRUE(append->Append(record));
  auto damaged = reader.Next(1 << 20);
  EXPECT_TRUE(damaged->bytes.empty());
  EXPECT_EQ(damaged->tail, Tail::kDamaged);
}

TEST_F(ReaderTest, AWriterIdIsTakenOnce) {
  auto writer = NewWriter();
  auto again = Writer::Create(fs_, SystemClock(), folder_, WriterId("00000000000000aa"), "{}");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kConflict);
}

}  // namespace
}  // namespace rw::journal
