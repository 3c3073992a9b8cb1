#include "env/build_manifest.h"

#include <gtest/gtest.h>

#include "os/testing/memory_file_system.h"

namespace rw::env {
namespace {

class BuildManifestTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(os::WriteFileAtomically(fs_, build_ + "/" + name, text));
  }
  void SetUp() override {
    ASSERT_TRUE(fs_.MakeDirs(build_ + "/lib/a/__pycache__"));
    Write("lib/a/x.py", "one");
    Write("lib/a/y.py", "two");
    auto bytes = WriteManifest(fs_, build_);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, 6u);
  }
  os::testing::MemoryFileSystem fs_;
  std::string build_ = "/builds/b1";
};

TEST_F(BuildManifestTest, ByteCodeIsNoChange) {
  Write("lib/a/__pycache__/x.cpython-311.pyc", "code");
  auto changed = ChangedFiles(fs_, build_);
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->empty()) << FirstOf(*changed);
}

TEST_F(BuildManifestTest, EditedNewAndMissingFilesAreNamed) {
  Write("lib/a/x.py", "other");
  Write("lib/new.py", "");
  ASSERT_TRUE(fs_.Remove(build_ + "/lib/a/y.py"));
  auto changed = ChangedFiles(fs_, build_);
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, (std::vector<std::string>{"lib/a/x.py", "lib/a/y.py", "lib/new.py"}));
  EXPECT_EQ(FirstOf({"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

TEST_F(BuildManifestTest, AMarkedBuildIsMarkedUntilItIsMadeAnew) {
  EXPECT_FALSE(IsMarkedChanged(fs_, build_));
  ASSERT_TRUE(MarkChanged(fs_, build_, {"lib/a/x.py"}));
  EXPECT_TRUE(IsMarkedChanged(fs_, build_));
  EXPECT_FALSE(IsMarkedChanged(fs_, "/builds/b2"));
  ASSERT_TRUE(RemoveChangedMark(fs_, build_));
  EXPECT_FALSE(IsMarkedChanged(fs_, build_));
  EXPECT_TRUE(RemoveChangedMark(fs_, build_));
}

TEST_F(BuildManifestTest, ABuildOfAnEarlierReleaseHasNoManifest) {
  ASSERT_TRUE(fs_.MakeDirs("/builds/old"));
  auto changed = ChangedFiles(fs_, "/builds/old");
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->empty());
}

}  // namespace
}  // namespace rw::env
