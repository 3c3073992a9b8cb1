#include "cas/snapshot_builder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "cas/testing/temporary_folder.h"
#include "os/paths.h"

namespace rw::cas {
namespace {

class LaterClock final : public Clock {
 public:
  int64_t WallMicros() override { return SystemClock().WallMicros() + 3'600'000'000; }
  int64_t BootMicros() override { return SystemClock().BootMicros() + 3'600'000'000; }
};

class SnapshotBuilderTest : public ::testing::Test {
 protected:
  SnapshotBuilderTest() { options_.cache_folder = folder_.path() + "/cache"; }

  void Write(const std::string& name, const std::string& text) {
    std::string path = source_ + "/" + name;
    ASSERT_TRUE(fs_.MakeDirs(os::DirName(path)));
    ASSERT_TRUE((*fs_.Open(path, os::OpenMode::kTruncate))->Append(text));
  }
  Snapshot Build() {
    auto snapshot = BuildSnapshot(source_, options_);
    CHECK(snapshot);
    return *std::move(snapshot);
  }
  Error BuildError() {
    auto snapshot = BuildSnapshot(source_, options_);
    CHECK(!snapshot);
    return std::move(snapshot).error();
  }
  /// From now on the files are old enough for their times to be trusted.
  void Settle() { options_.clock = &later_; }

  os::FileSystem& fs_ = os::PosixFileSystem();
  testing::TemporaryFolder folder_;
  std::string source_ = folder_.path() + "/source";
  LaterClock later_;
  BuildOptions options_;
};

TEST_F(SnapshotBuilderTest, UnchangedFilesAreNotReadAgain) {
  Write("a/x", "1");
  Write("a/y", "2");
  Write("b", "3");
  Settle();
  Snapshot first = Build();
  EXPECT_EQ(first.hashed_files, 3u);
  Snapshot second = Build();
  EXPECT_EQ(second.hashed_files, 0u);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.bytes, 3u);
  Write("a/y", "changed");
  Snapshot third = Build();
  EXPECT_EQ(third.hashed_files, 1u);
  EXPECT_NE(third.id, first.id);
  Write("a/y", "2");
  EXPECT_EQ(Build().id, first.id);
  ASSERT_TRUE(fs_.Remove(source_ + "/b"));
  Write("c", "3");
  Snapshot moved = Build();
  EXPECT_NE(moved.id, first.id);
  EXPECT_EQ(moved.id, BuildSnapshot(source_)->id);
}

TEST_F(SnapshotBuilderTest, FreshFilesAreReadAgain) {
  Write("a", "old!");
  EXPECT_EQ(Build().hashed_files, 1u);
  struct stat before;
  ASSERT_EQ(stat((source_ + "/a").c_str(), &before), 0);
  // Same size and, on a coarse clock, the same times: only reading it can tell.
  Write("a", "new!");
  timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, (source_ + "/a").c_str(), times, 0), 0);
  Snapshot second = Build();
  EXPECT_EQ(second.hashed_files, 1u);
  EXPECT_EQ(second.folders[0].digests[0], Digest::Of("new!"));
}

TEST_F(SnapshotBuilderTest, AnotherKindUnderTheSameNameIsSeen) {
  Write("a", "file");
  Write("d/x", "1");
  Settle();
  Snapshot first = Build();
  ASSERT_TRUE(fs_.Remove(source_ + "/a"));
  Write("a/now", "a folder");
  ASSERT_TRUE(fs_.RemoveTree(source_ + "/d"));
  Write("d", "a file");
  EXPECT_EQ(Build().id, BuildSnapshot(source_)->id);
  EXPECT_NE(Build().id, first.id);
  ASSERT_TRUE(fs_.Remove(source_ + "/d"));
  ASSERT_TRUE(fs_.MakeSymlink("a", source_ + "/d"));
  EXPECT_EQ(Build().id, BuildSnapshot(source_)->id);
}

TEST_F(SnapshotBuilderTest, OtherRulesAreAppliedToCachedFolders) {
  Write("data/x", "1");
  Write("train.py", "2");
  Snapshot all = Build();
  Write(".amlignore", "data\n");
  Snapshot less = Build();
  EXPECT_EQ(less.files, 2u);
  EXPECT_EQ(less.ignore_file, ".amlignore");
  ASSERT_TRUE(fs_.Remove(source_ + "/.amlignore"));
  EXPECT_EQ(Build().id, all.id);
}

TEST_F(SnapshotBuilderTest, DamagedCachesAreNotUsed) {
  Write("a", "1");
  Snapshot first = Build();
  auto caches = *fs_.List(options_.cache_folder);
  ASSERT_EQ(caches.size(), 1u);
  std::string path = options_.cache_folder + "/" + caches[0].name;
  std::string good = *os::ReadFile(fs_, path);
  for (size_t size : {size_t{0}, size_t{7}, size_t{50}, good.size() - 1}) {
    ASSERT_TRUE(os::WriteFileAtomically(fs_, path, good.substr(0, size)));
    EXPECT_EQ(Build().id, first.id);
  }
  for (size_t at = 0; at < good.size(); at += 9) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    ASSERT_TRUE(os::WriteFileAtomically(fs_, path, bad));
    EXPECT_EQ(Build().id, first.id);
  }
  options_.cache_folder = "/proc/nowhere";
  EXPECT_EQ(Build().id, first.id);
}

TEST_F(SnapshotBuilderTest, SocketsAndFifosAreSkippedAndNamed) {
  Write("d/a", "1");
  ASSERT_EQ(mkfifo((source_ + "/d/pipe").c_str(), 0644), 0);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/s", source_.c_str());
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);
  Snapshot first = Build();
  EXPECT_EQ(first.skipped.size(), 2u);
  EXPECT_EQ(Build().skipped.size(), 2u);
}

TEST_F(SnapshotBuilderTest, WhatCannotBeReadIsNamed) {
  Write("d/secret", "1");
  ASSERT_TRUE(fs_.SetMode(source_ + "/d/secret", 0));
  if (geteuid() != 0) {
    Error error = BuildError();
    EXPECT_EQ(error.code(), Code::kPermissionDenied);
    EXPECT_NE(error.message().find("d/secret"), std::string::npos);
  }
  source_ = folder_.path() + "/none";
  EXPECT_EQ(BuildError().code(), Code::kNotFound);
}

TEST_F(SnapshotBuilderTest, NamesThatCannotBeStoredAreNamed) {
  Write("d/bad\nname", "1");
  Error error = BuildError();
  EXPECT_EQ(error.code(), Code::kInvalidArgument);
  EXPECT_NE(error.message().find("d/bad"), std::string::npos);
}

TEST_F(SnapshotBuilderTest, DeepFoldersAreRefusedNotOverflowed) {
  std::string path;
  for (int i = 0; i < 300; i++) path += "d/";
  Write(path + "x", "1");
  EXPECT_EQ(BuildError().code(), Code::kTooLarge);
}

TEST_F(SnapshotBuilderTest, TooLargeNamesTheLargestParts) {
  Write("data/train/a", std::string(5000, 'x'));
  Write("data/train/b", std::string(300, 'x'));
  Write("code.py", "1");
  // A hole: as large as it says without any bytes on the disk.
  ASSERT_TRUE((*fs_.Open(source_ + "/data/huge", os::OpenMode::kReadWrite))->Truncate(1u << 30));
  options_.max_bytes = 1 << 20;
  Error error = BuildError();
  EXPECT_EQ(error.code(), Code::kTooLarge);
  EXPECT_NE(error.message().find("data/huge (1.0 GiB), data/train/"), std::string::npos)
      << error.message();
  EXPECT_NE(error.message().find("RUNWRIGHT_SNAPSHOT_MAX_BYTES"), std::string::npos);
}

TEST_F(SnapshotBuilderTest, WarnsOver300MegabytesBeforeHashing) {
  Write("a", "1");
  ASSERT_TRUE((*fs_.Open(source_ + "/b", os::OpenMode::kReadWrite))->Truncate(300'000'001));
  std::vector<std::string> warnings;
  options_.warn = [&](const std::string& text) { warnings.push_back(text); };
  std::vector<BuildProgress> progress;
  options_.progress = [&](const BuildProgress& at) { progress.push_back(at); };
  Build();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find(".amlignore"), std::string::npos);
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back().hashed_bytes, progress.back().total_bytes);
  EXPECT_EQ(progress.back().total_bytes, 300'000'002u);
}

TEST_F(SnapshotBuilderTest, FilesThatGrowMeanwhileAreWholeAsOfOneMoment) {
  Write("log", std::string(1 << 20, 'x'));
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    auto file = fs_.Open(source_ + "/log", os::OpenMode::kAppend);
    while (!stop) (void)(*file)->Append(std::string(100, 'x'));
  });
  for (int i = 0; i < 20; i++) {
    Snapshot snapshot = Build();
    ASSERT_EQ(snapshot.folders[0].digests[0], Digest::Of(std::string(snapshot.bytes, 'x')));
  }
  stop = true;
}

TEST_F(SnapshotBuilderTest, FilesThatComeAndGoDoNotFailIt) {
  Write("kept", "1");
  std::atomic<bool> stop = false;
  std::jthread churn([&] {
    while (!stop) {
      Write("temporary", "x");
      (void)fs_.Remove(source_ + "/temporary");
    }
  });
  int good = 0;
  for (int i = 0; i < 50; i++) {
    auto snapshot = BuildSnapshot(source_, options_);
    if (snapshot) good++;
    EXPECT_TRUE(snapshot || snapshot.error().code() == Code::kConflict);
  }
  stop = true;
  EXPECT_GT(good, 0);
}

}  // namespace
}  // namespace rw::cas
