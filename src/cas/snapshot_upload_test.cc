#include "cas/snapshot_upload.h"

#include <gtest/gtest.h>

#include "cas/folder_blob_store.h"
#include "cas/materialise.h"
#include "cas/pack.h"
#include "cas/snapshot_reader.h"
#include "cas/testing/temporary_folder.h"
#include "os/paths.h"
#include "os/testing/memory_file_system.h"

namespace rw::cas {
namespace {

/// A server as far as an upload sees one.
class StoreSink final : public UploadSink {
 public:
  Result<std::vector<Digest>> FindMissing(const std::vector<Digest>& digests) override {
    asked += digests.size();
    return store.FindMissing(digests);
  }
  Status PutPack(std::string pack) override {
    packs++;
    auto blobs = TRY(ParsePack(pack));
    sent += blobs.size();
    return store.PutMany(blobs);
  }
  Status PutFile(const Digest& digest, const std::string& path, uint64_t size) override {
    streamed++;
    auto bytes = TRY(os::ReadFile(os::PosixFileSystem(), path));
    return store.Put(digest, bytes.substr(0, size));
  }
  Result<std::vector<Digest>> Commit(const Digest& id) override {
    commits++;
    return TRY(checker.Check(id)).missing;
  }

  os::testing::MemoryFileSystem fs;
  FolderBlobStore store{fs, "/blobs"};
  ClosureChecker checker{store};
  size_t asked = 0, packs = 0, sent = 0, streamed = 0, commits = 0;
};

class SnapshotUploadTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::string path = source_ + "/" + name;
    ASSERT_TRUE(fs_.MakeDirs(os::DirName(path)));
    ASSERT_TRUE((*fs_.Open(path, os::OpenMode::kTruncate))->Append(text));
  }
  void MakeSource() {
    for (int folder = 0; folder < 5; folder++)
      for (int file = 0; file < 20; file++)
        Write("d" + std::to_string(folder) + "/f" + std::to_string(file),
              std::to_string(folder * 100 + file));
    Write("large", std::string(3 << 20, 'x'));
    ASSERT_TRUE(fs_.MakeSymlink("d0/f0", source_ + "/link"));
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  testing::TemporaryFolder folder_;
  std::string source_ = folder_.path() + "/source";
  StoreSink sink_;
};

TEST_F(SnapshotUploadTest, WhatIsSentCanBeMadeAgain) {
  MakeSource();
  Snapshot snapshot = *BuildSnapshot(source_);
  UploadProgress last;
  ASSERT_TRUE(UploadSnapshot(snapshot, sink_, [&](const UploadProgress& at) { last = at; }));
  EXPECT_EQ(sink_.streamed, 1u);
  EXPECT_EQ(last.sent_bytes, last.total_bytes);
  auto closure = sink_.checker.Check(snapshot.id);
  EXPECT_TRUE(closure->missing.empty());
  EXPECT_EQ(closure->files, snapshot.files);
  EXPECT_EQ(closure->bytes, snapshot.bytes);
  ASSERT_TRUE(Materialise(sink_.store, snapshot.id, fs_, folder_.path() + "/copy"));
  EXPECT_EQ(BuildSnapshot(folder_.path() + "/copy")->id, snapshot.id);
}

TEST_F(SnapshotUploadTest, AnUploadedSnapshotIsOneRequest) {
  MakeSource();
  Snapshot snapshot = *BuildSnapshot(source_);
  ASSERT_TRUE(UploadSnapshot(snapshot, sink_));
  sink_.commits = sink_.asked = sink_.sent = 0;
  ASSERT_TRUE(UploadSnapshot(snapshot, sink_));
  EXPECT_EQ(sink_.commits, 1u);
  EXPECT_EQ(sink_.asked + sink_.sent, 0u);
}

TEST_F(SnapshotUploadTest, OneChangedFileSendsItAndItsFolders) {
  MakeSource();
  ASSERT_TRUE(UploadSnapshot(*BuildSnapshot(source_), sink_));
  Write("d3/f7", "changed");
  sink_.asked = sink_.sent = sink_.packs = sink_.streamed = 0;
  ASSERT_TRUE(UploadSnapshot(*BuildSnapshot(source_), sink_));
  EXPECT_EQ(sink_.sent, 3u);
  EXPECT_EQ(sink_.packs, 1u);
  EXPECT_EQ(sink_.streamed, 0u);
  EXPECT_LT(sink_.asked, 30u);
}

TEST_F(SnapshotUploadTest, BlobsThatTheServerLostAreSentAgain) {
  MakeSource();
  Snapshot snapshot = *BuildSnapshot(source_);
  ASSERT_TRUE(UploadSnapshot(snapshot, sink_));
  ASSERT_TRUE(sink_.store.Remove(Digest::Of("307")));
  sink_.checker.Forget();
  ASSERT_TRUE(UploadSnapshot(snapshot, sink_));
  EXPECT_TRUE(sink_.store.Size(Digest::Of("307")));
}

TEST_F(SnapshotUploadTest, AFileThatChangedSinceIsNamed) {
  MakeSource();
  Snapshot snapshot = *BuildSnapshot(source_);
  Write("d1/f1", "changed");
  Status sent = UploadSnapshot(snapshot, sink_);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), Code::kConflict);
  EXPECT_NE(sent.error().message().find("d1/f1"), std::string::npos);
  Write("large", std::string(3 << 20, 'z'));
  Snapshot again = *BuildSnapshot(source_);
  Write("large", std::string(3 << 20, 'y'));
  EXPECT_EQ(UploadSnapshot(again, sink_).error().code(), Code::kConflict);
}

}  // namespace
}  // namespace rw::cas
