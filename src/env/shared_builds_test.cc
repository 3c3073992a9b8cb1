#include "env/shared_builds.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/random.h"
#include "env/bytecode.h"
#include "env/testing/fake_installer.h"
#include "env/unsynced.h"
#include "net/asio_loop.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

class OfTwoGpus final : public testing::FakeInstaller {
 public:
  using FakeInstaller::FakeInstaller;
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override {
    (void)wanted;
    NodeFacts facts;
    facts.gpus = 2;
    done(facts);
  }
};

TEST(SharedBuilds, WhatProfilesAskIsAskedOfTheInstaller) {
  net::AsioLoop loop;
  auto pool = net::MakeThreadPool(loop, 1);
  auto shared =
      ShareBuilds(std::make_unique<OfTwoGpus>(loop), loop, *pool, SystemRandom(), "/nowhere");
  int gpus = 0;
  shared->Facts({}, [&](Result<NodeFacts> facts) { gpus = facts->gpus; });
  EXPECT_EQ(gpus, 2);
}

/// Publishes a folder with bin/python.
class OfFolders final : public testing::FakeInstaller {
 public:
  OfFolders(Loop& loop, const std::string& root) : FakeInstaller(loop) {
    folder = root + "/builds/";
  }
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override {
    noted = !UnsyncedBuilds(folder.substr(0, folder.size() - 1)).empty();
    FakeInstaller::Build(std::move(request), std::move(progress), std::move(done));
  }
  bool noted = false;
};

class UnsyncedTest : public ::testing::Test {
 protected:
  UnsyncedTest() {
    char path[] = "/tmp/rw-unsynced-XXXXXX";
    root_ = mkdtemp(path);
  }
  ~UnsyncedTest() override { (void)os::PosixFileSystem().RemoveTree(root_); }

  /// A server's life: `work` with builds shared in the folder; afterwards all that it began is
  /// done.
  void Life(const std::function<void(Installer&, OfFolders&, net::AsioLoop&)>& work) {
    net::AsioLoop loop;
    auto pool = net::MakeThreadPool(loop, 1);
    auto inner = std::make_unique<OfFolders>(loop, root_);
    OfFolders& maker = *inner;
    maker.published = published_;
    auto shared = ShareBuilds(std::move(inner), loop, *pool, SystemRandom(), root_);
    work(*shared, maker, loop);
    published_ = maker.published;
    pool->Run(
        "test.last", [] {}, [&loop] { loop.Stop(); });
    loop.Run();
  }
  Status Make(const std::string& id) {
    Status made = Error(Code::kInternal, "not answered");
    Life([&](Installer& shared, OfFolders& maker, net::AsioLoop& loop) {
      shared.Build({.build_id = id}, {}, [&](Result<BuildFacts> facts) {
        made = facts ? Ok() : Status(facts.error());
        loop.Stop();
      });
      loop.Run();
      noted_ = maker.noted;
    });
    return made;
  }
  std::string Note(const std::string& id) { return root_ + "/builds/.unsynced-" + id; }

  std::string root_;
  std::set<std::string> published_;
  bool noted_ = false;
};

TEST_F(UnsyncedTest, ANoteLiesThereUntilTheBuildIsOnDisk) {
  ASSERT_TRUE(Make("b1"));
  EXPECT_TRUE(noted_) << "before its first file";
  EXPECT_FALSE(os::Exists(os::PosixFileSystem(), Note("b1")));
}

TEST_F(UnsyncedTest, OneOfBeforeTheMachineWentDownIsMadeAnew) {
  ASSERT_TRUE(Make("b1"));
  os::FileSystem& fs = os::PosixFileSystem();
  ASSERT_TRUE(os::WriteFileAtomically(fs, Note("b1"), "another-boot 0a\n"));
  // Its byte code knows the times of the files that it was made of.
  std::string old = BytecodeFolder(root_ + "/builds/b1") + "/old.pyc";
  ASSERT_TRUE(fs.MakeDirs(root_ + "/builds/b1"));
  ASSERT_TRUE(fs.MakeDirs(os::DirName(old)));
  ASSERT_TRUE(os::WriteFileAtomically(fs, old, "x"));
  Life([&](Installer& shared, OfFolders&, net::AsioLoop&) {
    EXPECT_FALSE(shared.IsPublished("b1"));
  });
  ASSERT_TRUE(Make("b1"));
  EXPECT_FALSE(os::Exists(fs, old));
  Life([&](Installer& shared, OfFolders&, net::AsioLoop&) {
    EXPECT_TRUE(shared.IsPublished("b1"));
  });
}

TEST_F(UnsyncedTest, TheNextServerEndsWhatAKilledOneBegan) {
  ASSERT_TRUE(Make("b1"));
  ASSERT_TRUE(NoteUnsynced(root_ + "/builds/b1", "0b"));
  Life([&](Installer& shared, OfFolders&, net::AsioLoop&) {
    EXPECT_TRUE(shared.IsPublished("b1")) << "nothing is lost while the machine is up";
  });
  EXPECT_FALSE(os::Exists(os::PosixFileSystem(), Note("b1")));
}

TEST_F(UnsyncedTest, WhatIsMadeAnewMeanwhileKeepsItsNote) {
  ASSERT_TRUE(NoteUnsynced(root_ + "/builds/b1", "0c"));
  auto making = os::FileLock::Try(BuildLockPath(root_ + "/builds/b1"));
  ASSERT_FALSE(making) << "its folder is not there yet";
  ASSERT_TRUE(os::PosixFileSystem().MakeDirs(root_ + "/locks"));
  making = os::FileLock::Try(BuildLockPath(root_ + "/builds/b1"));
  ASSERT_TRUE(making);
  Life([](Installer&, OfFolders&, net::AsioLoop&) {});
  EXPECT_TRUE(os::Exists(os::PosixFileSystem(), Note("b1")));
}

}  // namespace
}  // namespace rw::env
