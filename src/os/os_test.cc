#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/mounts.h"
#include "os/paths.h"
#include "os/process.h"
#include "os/walk.h"

namespace rw::os {
namespace {

class PosixTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/rw_os_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { ASSERT_TRUE(PosixFileSystem().RemoveTree(dir_)); }
  FileSystem& fs_ = PosixFileSystem();
  std::string dir_;
};

TEST_F(PosixTest, AtomicWriteReplacesAndLeavesNoTemporary) {
  ASSERT_TRUE(WriteFileAtomically(fs_, dir_ + "/a", "one"));
  ASSERT_TRUE(WriteFileAtomically(fs_, dir_ + "/a", "two"));
  EXPECT_EQ(*ReadFile(fs_, dir_ + "/a"), "two");
  EXPECT_EQ(fs_.List(dir_)->size(), 1u);
}

TEST_F(PosixTest, ErrorsHaveCodesAndPaths) {
  auto missing = fs_.Open(dir_ + "/none", OpenMode::kRead);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_NE(missing.error().message().find(dir_), std::string::npos);
  ASSERT_TRUE(fs_.Open(dir_ + "/new", OpenMode::kCreateNew));
  EXPECT_EQ(fs_.Open(dir_ + "/new", OpenMode::kCreateNew).error().code(), Code::kConflict);
  EXPECT_EQ(ReadFile(fs_, dir_ + "/new", 0)->size(), 0u);
}

TEST_F(PosixTest, OpenBeneathDoesNotFollowLinksOut) {
  ASSERT_TRUE(fs_.MakeSymlink("/etc/passwd", dir_ + "/link"));
  EXPECT_FALSE(OpenBeneath(dir_, "link", 0));
}

TEST_F(PosixTest, AWalkSeesFoldersFirstFollowsNoLinkAndEndsWithTheFirstError) {
  ASSERT_TRUE(fs_.MakeDirs(dir_ + "/b/c"));
  ASSERT_TRUE(fs_.MakeDirs(dir_ + "/left out/x"));
  ASSERT_TRUE(WriteFileAtomically(fs_, dir_ + "/b/c/file", "12345"));
  ASSERT_TRUE(WriteFileAtomically(fs_, dir_ + "/a", "1"));
  ASSERT_TRUE(fs_.MakeSymlink("..", dir_ + "/b/up"));
  std::vector<std::string> seen;
  uint64_t bytes = 0;
  auto visit = [&](const std::string& path, const FileInfo& info) -> Result<bool> {
    seen.push_back(path);
    if (info.type == FileType::kRegular) bytes += info.size;
    return path != "left out";
  };
  ASSERT_TRUE(Walk(fs_, dir_, visit));
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "b/c", "b/c/file", "b/up", "left out"}));
  EXPECT_EQ(bytes, 6u);

  auto refuse = [&](const std::string& path, const FileInfo&) -> Result<bool> {
    if (path == "b/c") return Error(Code::kCorrupt, "enough");
    seen.push_back(path);
    return true;
  };
  seen.clear();
  EXPECT_EQ(Walk(fs_, dir_, refuse).error().message(), "enough");
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Walk(fs_, dir_ + "/none", visit).error().code(), Code::kNotFound);
}

TEST_F(PosixTest, ALockWaitsForADyingHolderAndNotForALivingOne) {
  std::string path = dir_ + "/lock";
  auto held = FileLock::Try(path);
  ASSERT_TRUE(held && held->SetText(std::to_string(getpid())));
  auto refused = FileLock::TryPatiently(path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find(std::to_string(getpid())), std::string::npos);

  ASSERT_TRUE(held->SetText("999999999"));  // no such process: what is left of it goes soon
  std::thread dying(
      [last = *std::move(held)] { std::this_thread::sleep_for(std::chrono::milliseconds(1500)); });
  auto taken = std::make_unique<Result<FileLock>>(FileLock::TryPatiently(path));
  dying.join();
  EXPECT_TRUE(*taken);
}

TEST(Paths, RelativeNamesAreCleanedOrRefused) {
  EXPECT_EQ(*CleanRelativePath("./outputs//m.pkl", "name"), "outputs/m.pkl");
  for (std::string_view bad : std::initializer_list<std::string_view>{
           "/abs", "a/../b", "", ".", "a\nb", "\xff", std::string_view("a\0b", 3)})
    EXPECT_FALSE(CleanRelativePath(bad, "name")) << bad;
  EXPECT_EQ(DirName("/a/b/"), "/a");
  EXPECT_EQ(BaseName("/a/b"), "b");
}

TEST(Process, RunCommandCapturesAndTimesOut) {
  LaunchSpec spec{.argv = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}};
  auto result = RunCommand(spec, 10'000);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(result->exit_code, 3);
  spec.argv = {"/bin/sh", "-c", "sleep 60"};
  EXPECT_EQ(RunCommand(spec, 50).error().code(), Code::kDeadlineExceeded);
  spec.argv = {"/nonexistent"};
  EXPECT_EQ(RunCommand(spec, 50).error().code(), Code::kNotFound);
}

TEST(Mounts, NetworkFileSystemsAreKnown) {
  EXPECT_EQ(NetworkFileSystem(0x6969, ""), "nfs");
  // As a 32-bit f_type comes out of a signed member.
  EXPECT_EQ(NetworkFileSystem(static_cast<int32_t>(0xFF534D42), ""), "cifs");
  EXPECT_EQ(NetworkFileSystem(0x0BD00BD0, ""), "lustre");
  EXPECT_EQ(NetworkFileSystem(0x65735546, "fuse.sshfs"), "fuse.sshfs");
  EXPECT_EQ(NetworkFileSystem(0x65735546, "fuse.fuse-overlayfs"), "");
  EXPECT_EQ(NetworkFileSystem(0xEF53, ""), "");
  EXPECT_EQ(*NetworkFileSystemOf("/tmp"), "");
  EXPECT_FALSE(NetworkFileSystemOf("/nonexistent"));
}

TEST(Process, DetachedProcessIsKnownByIdentity) {
  ProcessLauncher& launcher = PosixProcessLauncher();
  auto identity = launcher.SpawnDetached({.argv = {"/bin/sleep", "60"}});
  ASSERT_TRUE(identity);
  EXPECT_TRUE(launcher.IsAlive(*identity));
  ProcessIdentity other = *identity;
  other.start_ticks++;
  EXPECT_FALSE(launcher.IsAlive(other));
  EXPECT_EQ(launcher.Signal(other, 9).error().code(), Code::kNotFound);
  EXPECT_TRUE(launcher.Signal(*identity, 9));
}

}  // namespace
}  // namespace rw::os
