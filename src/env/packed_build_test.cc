#include "env/packed_build.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/clock.h"
#include "base/strings.h"
#include "env/build_folder.h"
#include "env/build_manifest.h"
#include "env/node_builds.h"
#include "env/node_room.h"
#include "os/file_system.h"
#include "os/process.h"

namespace rw::env {
namespace {

using os::PosixFileSystem;

class PackedBuildTest : public ::testing::Test {
 protected:
  PackedBuildTest() {
    std::string name = ::testing::TempDir() + "/buildXXXXXX";
    root_ = mkdtemp(name.data());
    server_ = root_ + "/server";
    node_ = root_ + "/node";
    build_ = server_ + "/builds/" + kId;
  }
  ~PackedBuildTest() override {
    (void)RemoveBuild(build_);
    (void)RemoveBuild(node_ + "/builds/" + kId);
    (void)PosixFileSystem().RemoveTree(root_);
  }
  static void Write(const std::string& path, const std::string& text, uint32_t mode = 0644) {
    ASSERT_TRUE(PosixFileSystem().MakeDirs(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(os::WriteFileAtomically(PosixFileSystem(), path, text, mode));
  }
  static std::string Read(const std::string& path) {
    return os::ReadFile(PosixFileSystem(), path).value_or("absent");
  }
  /// A virtual environment of `python`, which says that it is 3.9.1.
  void MakeBuild(const std::string& python, const std::string& more = "") {
    Write(python, "#!/bin/sh\necho 3.9.1\n", 0755);
    Write(build_ + "/pyvenv.cfg",
          "home = " + python.substr(0, python.rfind('/')) + "\nversion_info = 3.9.1\n" + more);
    Write(build_ + "/lib/python3.9/site-packages/one.py", "VALUE = 1\n");
    Write(build_ + "/bin/tool", "#!" + build_ + "/bin/python\n", 0755);
    ASSERT_TRUE(PosixFileSystem().MakeSymlink(python, build_ + "/bin/python"));
    std::string made = server_ + "/made";
    ASSERT_TRUE(PosixFileSystem().Rename(build_, made));
    ASSERT_TRUE(PublishBuild(made, build_));
  }
  static std::string Part(const BuildPack& pack, uint64_t from, uint64_t size) {
    return Read(pack.file).substr(from, size);
  }
  Status Fetch(const BuildPack& pack) {
    NodeBuilds node(node_, kId);
    auto arrival = TRY(node.Begin(
        pack, Part(pack, pack.facts.content_bytes, pack.facts.index_bytes), SystemRandom()));
    auto& unpacker = *arrival->unpacker;
    for (size_t i = 0; i < unpacker.pieces().size(); i++)
      TRY(unpacker.Put(i, Part(pack, unpacker.pieces()[i].offset, unpacker.pieces()[i].size)));
    TRY(node.CheckPython(*arrival));
    return node.Publish(pack, *arrival);
  }

  static constexpr const char* kId = "0123456789abcdef";
  std::string root_, server_, node_, build_;
};

TEST_F(PackedBuildTest, ABuildOfTheMachinesPythonTravels) {
  std::string python = root_ + "/machine/bin/python3.9";
  MakeBuild(python);
  auto packs = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_TRUE(packs) << packs.error().message();
  ASSERT_EQ(packs->size(), 1U);
  NodeBuilds node(node_, kId);
  EXPECT_FALSE(node.IsThere());
  Status fetched = Fetch(packs->front());
  ASSERT_TRUE(fetched) << fetched.error().message();
  EXPECT_TRUE(node.IsThere());
  EXPECT_EQ(Read(node.build() + "/bin/tool"), "#!" + node.build() + "/bin/python\n");
  EXPECT_EQ(PosixFileSystem().ReadLink(node.build() + "/bin/python").value_or(""), python);
  auto changed = ChangedFiles(PosixFileSystem(), node.build());
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->empty()) << FirstOf(*changed);
  EXPECT_EQ(PosixFileSystem().Stat(node.build() + "/bin")->mode, 0555U) << "write protection";
}

TEST_F(PackedBuildTest, WhatWasNotDurableAtACrashDoesNotCount) {
  MakeBuild(root_ + "/machine/bin/python3.9");
  auto packs = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_TRUE(packs && Fetch(packs->front()));
  NodeBuilds node(node_, kId);
  std::string mark = node_ + "/builds/.unsynced-" + kId;
  EXPECT_TRUE(Read(mark).starts_with(os::BootId()));
  Write(mark, "another boot\n");
  EXPECT_FALSE(node.IsThere());
  Write(mark, "");
  EXPECT_FALSE(node.IsThere()) << "the mark's own text was lost";
  ASSERT_TRUE(Fetch(packs->front())) << "in place of what is there";
  EXPECT_TRUE(node.IsThere());
  node.Sync();
  EXPECT_EQ(Read(mark), "absent");
  EXPECT_TRUE(node.IsThere());
}

TEST_F(PackedBuildTest, AFetchedPythonTravelsAsAPackOfItsOwn) {
  std::string home = server_ + "/python/cpython-3.9.1-linux";
  MakeBuild(home + "/bin/python3.9");
  Write(home + "/lib/python3.9/os.py", "prefix = '" + home + "'\n");
  Write(server_ + "/bytecode/" + kId + "/lib/__pycache__/one.pyc", std::string("\0code", 5));
  auto packs = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_TRUE(packs) << packs.error().message();
  ASSERT_EQ(packs->size(), 3U);
  ASSERT_EQ((*packs)[0].kind, PackKind::kPython);
  for (const BuildPack& pack : *packs) {
    Status fetched = Fetch(pack);
    ASSERT_TRUE(fetched) << PackKindName(pack.kind) << ": " << fetched.error().message();
  }
  std::string python = node_ + "/python/" + (*packs)[0].facts.digest.Hex();
  EXPECT_EQ(PosixFileSystem().ReadLink(node_ + "/builds/" + kId + "/bin/python").value_or(""),
            python + "/bin/python3.9");
  EXPECT_EQ(Read(python + "/lib/python3.9/os.py"), "prefix = '" + python + "'\n");
  EXPECT_TRUE(Read(node_ + "/builds/" + kId + "/pyvenv.cfg").starts_with("home = " + python));
  EXPECT_TRUE(NodeBuilds(node_, kId).IsThere((*packs)[2]));
  auto again = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)[1].facts.digest, (*packs)[1].facts.digest);
  auto told = ParseBuildPacks(BuildPacksJson(*packs));
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_EQ((*told)[2].facts.digest, (*packs)[2].facts.digest);
  EXPECT_EQ((*told)[1].facts.index_bytes, (*packs)[1].facts.index_bytes);
}

TEST_F(PackedBuildTest, AsAnImageTheFilesOfAllNodesAreOneFile) {
  MakeBuild(root_ + "/machine/bin/python3.9");
  auto packs = PackBuild(build_, PackForm::kImage, SystemRandom());
  ASSERT_TRUE(packs) << packs.error().message();
  Status fetched = Fetch(packs->front());
  ASSERT_TRUE(fetched) << fetched.error().message();
  NodeBuilds node(node_, kId);
  EXPECT_TRUE(node.IsThere());
  EXPECT_EQ(Read(node.build() + "/bin/tool"), "#!" + node.build() + "/bin/python\n");
  EXPECT_EQ(Read(node.build() + "/lib/python3.9/site-packages/one.py"), "absent");
  EXPECT_EQ(PosixFileSystem().Stat(node.build() + "/bin")->mode, 0555U);
  if (node.Form(SystemRandom()) == PackForm::kFiles)
    GTEST_SKIP() << "SKIPPED: this kernel mounts no EROFS images from files, or not for this user";
  os::LaunchSpec spec;
  std::string at = root_ + "/at";
  ASSERT_TRUE(PosixFileSystem().MakeDirs(at));
  spec.argv = {"/usr/bin/unshare",
               "-m",
               "sh",
               "-c",
               "mount -t erofs -o ro \"$1\" \"$2\" && diff -r --no-dereference \"$2\" \"$3\"",
               "sh",
               node.build() + "/.runwright-image",
               at,
               build_};
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.working_dir = "/";
  auto same = os::RunCommand(spec, 30'000);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->out, "Only in " + build_ + "/bin: python\nOnly in " + build_ +
                           "/bin: tool\nOnly in " + build_ + ": runwright-files\n")
      << same->err;
  EXPECT_EQ(PackBuild(build_, PackForm::kImage, SystemRandom())->front().facts.digest,
            packs->front().facts.digest);
}

TEST_F(PackedBuildTest, RoomIsMadeOfWhatNobodyUsedForLong) {
  os::FileSystem& fs = PosixFileSystem();
  auto make = [&](const std::string& id, int64_t days) {
    std::string build = node_ + "/builds/" + id;
    Write(build + "/pyvenv.cfg", "");
    ASSERT_TRUE(fs.MakeDirs(build + "/bin"));
    ASSERT_TRUE(fs.MakeSymlink(node_ + "/python/" + id + "/bin/python", build + "/bin/python"));
    Write(node_ + "/python/" + id + "/bin/python", "");
    Write(node_ + "/bytecode/" + id + "/lib/one.pyc", "");
    Write(node_ + "/locks/" + id, "used\n");
    const timespec used{SystemClock().WallMicros() / 1'000'000 - days * 86'400, 0};
    const timespec both[2] = {used, used};
    ASSERT_EQ(utimensat(AT_FDCWD, (node_ + "/locks/" + id).c_str(), both, 0), 0);
  };
  auto there = [&](const std::string& id) {
    return os::Exists(fs, node_ + "/builds/" + id) && os::Exists(fs, node_ + "/python/" + id) &&
           os::Exists(fs, node_ + "/bytecode/" + id);
  };
  make("old", 31);
  make("held", 31);
  make("fetching", 31);
  make("late", 29);
  make("fresh", 0);
  int run = open((node_ + "/builds/held").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(run, LOCK_SH), 0);
  auto fetching = os::FileLock::Try(node_ + "/locks/fetching");
  ASSERT_TRUE(fetching);
  ASSERT_TRUE(MakeRoomForBuild(node_, kId, 1, 1));
  EXPECT_FALSE(os::Exists(fs, node_ + "/builds/old"));
  EXPECT_FALSE(os::Exists(fs, node_ + "/bytecode/old"));
  EXPECT_FALSE(os::Exists(fs, node_ + "/python/old"));
  EXPECT_TRUE(there("held") && there("fetching") && there("late") && there("fresh"));
  Status none = MakeRoomForBuild(node_, kId, uint64_t{1} << 60, 1);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::kNoSpace);
  EXPECT_FALSE(os::Exists(fs, node_ + "/builds/late")) << "the one that was unused for longest";
  EXPECT_TRUE(there("held") && there("fetching") && there("fresh"));
  close(run);
}

TEST_F(PackedBuildTest, WhatTheNodeLacksIsNamed) {
  std::string python = root_ + "/machine/bin/python3.9";
  MakeBuild(python);
  auto packs = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_TRUE(packs);
  ASSERT_TRUE(PosixFileSystem().Remove(python));
  Write(python, "#!/bin/sh\necho 3.9.7\n", 0755);
  Status other = Fetch(packs->front());
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message().find("needs Python 3.9.1 at " + python), std::string::npos)
      << other.error().message();
  EXPECT_NE(other.error().message().find("this node has 3.9.7"), std::string::npos);
  ASSERT_TRUE(PosixFileSystem().Remove(python));
  EXPECT_NE(Fetch(packs->front()).error().message().find("has none"), std::string::npos);
}

TEST_F(PackedBuildTest, WhatCannotTravelIsRefusedWithTheReason) {
  MakeBuild(root_ + "/machine/bin/python3.9", "include-system-site-packages = true\n");
  auto site = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_FALSE(site);
  EXPECT_NE(site.error().message().find("Name all packages"), std::string::npos);
  ASSERT_TRUE(PosixFileSystem().Remove(build_ + "/pyvenv.cfg"));
  EXPECT_NE(PackBuild(build_, PackForm::kFiles, SystemRandom()).error().message().find("conda"),
            std::string::npos);
  EXPECT_EQ(PackBuild(server_ + "/builds/none", PackForm::kFiles, SystemRandom()).error().code(),
            Code::kNotFound);
}

TEST_F(PackedBuildTest, DamagedAndForeignPacksAreRefused) {
  MakeBuild(root_ + "/machine/bin/python3.9");
  auto packs = PackBuild(build_, PackForm::kFiles, SystemRandom());
  ASSERT_TRUE(packs);
  const BuildPack& pack = packs->front();
  NodeBuilds node(node_, kId);
  std::string index = Part(pack, pack.facts.content_bytes, pack.facts.index_bytes);
  index[40] ^= 1;
  EXPECT_EQ(node.Begin(pack, index, SystemRandom()).error().code(), Code::kCorrupt);
  NodeBuilds other(node_, "fedcba9876543210");
  index[40] ^= 1;
  EXPECT_EQ(other.Begin(pack, index, SystemRandom()).error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace rw::env
