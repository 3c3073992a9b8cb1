// Power loss at every step of a put: what was answered is there, and what is there is whole.
#include <gtest/gtest.h>

#include "cas/folder_blob_store.h"
#include "os/testing/memory_file_system.h"

namespace rw::cas {
namespace {

class Blobs {
 public:
  explicit Blobs(size_t count) {
    for (size_t i = 0; i < count; i++) texts_.push_back("blob number " + std::to_string(i));
    for (const std::string& text : texts_) views_.push_back({Digest::Of(text), text});
  }
  const std::vector<BlobView>& views() const { return views_; }

 private:
  std::vector<std::string> texts_;
  std::vector<BlobView> views_;
};

/// Fails the operation number `at`, and all after it.
class PowerCut {
 public:
  PowerCut(os::testing::MemoryFileSystem& fs, int at) : left_(at) {
    fs.SetFault([this](std::string_view, const std::string&) -> Status {
      if (left_-- > 0) return Ok();
      cut_ = true;
      return Error(Code::kInternal, "power cut");
    });
  }
  bool cut() const { return cut_; }

 private:
  int left_;
  bool cut_ = false;
};

void ExpectWhole(os::FileSystem& fs, const std::vector<BlobView>& blobs, bool all) {
  FolderBlobStore store(fs, "/data/blobs");
  for (const BlobView& blob : blobs) {
    auto bytes = ReadBlob(store, blob.digest);
    EXPECT_TRUE(bytes || !all);
    if (bytes) {
      EXPECT_EQ(*bytes, blob.bytes);
    } else {
      EXPECT_EQ(bytes.error().code(), Code::kNotFound) << bytes.error().ToString();
    }
  }
}

void CutEverywhere(size_t count) {
  Blobs blobs(count);
  for (int at = 0; at < 5000; at++) {
    os::testing::MemoryFileSystem fs(&SystemRandom());
    ASSERT_TRUE(fs.MakeDirs("/data"));
    ASSERT_TRUE(fs.SyncDir("/"));
    PowerCut power(fs, at);
    bool answered = FolderBlobStore(fs, "/data/blobs").PutMany(blobs.views()).has_value();
    fs.SetFault(nullptr);
    fs.Crash();
    ExpectWhole(fs, blobs.views(), answered);
    if (answered && !power.cut()) return;
  }
  FAIL() << "a put never came to its end";
}

TEST(BlobStoreCrash, OneBlob) { CutEverywhere(1); }
TEST(BlobStoreCrash, FewBlobs) { CutEverywhere(4); }
TEST(BlobStoreCrash, Pack) { CutEverywhere(20); }

TEST(BlobStoreCrash, WhatAnotherProcessLeftUnsyncedIsDurableBeforeItCounts) {
  Blobs blobs(1);
  const Digest& digest = blobs.views()[0].digest;
  os::testing::MemoryFileSystem fs;
  ASSERT_TRUE(fs.MakeDirs("/data"));
  ASSERT_TRUE(fs.SyncDir("/"));
  int syncs = 0;
  fs.SetFault([&](std::string_view operation, const std::string& path) -> Status {
    bool last = operation == "syncdir" && path.size() == std::string("/data/blobs/aa").size();
    if (last && ++syncs > 1) return Error(Code::kInternal, "killed between rename and sync");
    return Ok();
  });
  FolderBlobStore died(fs, "/data/blobs");
  ASSERT_FALSE(died.PutMany(blobs.views()));
  EXPECT_EQ(died.FindMissing({&digest, 1})->size(), 1u);
  fs.SetFault(nullptr);
  FolderBlobStore next(fs, "/data/blobs");
  ASSERT_TRUE(next.FindMissing({&digest, 1})->empty());
  fs.Crash();
  ExpectWhole(fs, blobs.views(), true);
}

TEST(BlobStoreCrash, FullDiskStoresNothingAndLeavesNothing) {
  Blobs blobs(10);
  os::testing::MemoryFileSystem fs;
  ASSERT_TRUE(fs.MakeDirs("/data"));
  fs.SetCapacity(60);
  FolderBlobStore store(fs, "/data/blobs");
  EXPECT_EQ(store.PutMany(blobs.views()).error().code(), Code::kNoSpace);
  EXPECT_TRUE(fs.List("/data/blobs/tmp")->empty());
  fs.SetCapacity(1 << 20);
  EXPECT_TRUE(store.PutMany(blobs.views()));
  ExpectWhole(fs, blobs.views(), true);
}

}  // namespace
}  // namespace rw::cas
