#include "os/testing/memory_file_system.h"

#include <gtest/gtest.h>

#include "os/file_system.h"

namespace rw::os::testing {
namespace {

TEST(MemoryFileSystem, CrashLosesWhatWasNotSynced) {
  MemoryFileSystem fs;
  ASSERT_TRUE(fs.MakeDirs("/d"));
  ASSERT_TRUE(WriteFileAtomically(fs, "/d/kept", "durable"));
  ASSERT_TRUE(fs.Open("/d/lost", OpenMode::kReadWrite));
  auto file = fs.Open("/d/kept", OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->WriteAt(0, "DURABLE and more"));
  fs.Crash();
  EXPECT_EQ(*ReadFile(fs, "/d/kept"), "durable");
  EXPECT_FALSE(Exists(fs, "/d/lost"));
  ASSERT_TRUE((*file)->WriteAt(0, "nowhere"));
  EXPECT_EQ(*ReadFile(fs, "/d/kept"), "durable");
}

TEST(MemoryFileSystem, AtomicWriteIsOldOrNewWhateverACrashKeeps) {
  for (int seed = 0; seed < 50; seed++) {
    MemoryFileSystem fs(&SystemRandom());
    ASSERT_TRUE(fs.MakeDirs("/d"));
    ASSERT_TRUE(WriteFileAtomically(fs, "/d/f", "old"));
    fs.SetFault([](std::string_view operation, const std::string&) -> Status {
      if (operation == "syncdir") return Error(Code::kInternal, "power");
      return Ok();
    });
    EXPECT_FALSE(WriteFileAtomically(fs, "/d/f", "new"));
    fs.SetFault(nullptr);
    fs.Crash();
    std::string bytes = *ReadFile(fs, "/d/f");
    EXPECT_TRUE(bytes == "old" || bytes == "new") << bytes;
  }
}

TEST(MemoryFileSystem, FullDiskRefusesAndKeepsTheRest) {
  MemoryFileSystem fs;
  fs.SetCapacity(10);
  auto file = fs.Open("/f", OpenMode::kAppend);
  ASSERT_TRUE((*file)->Append("12345"));
  EXPECT_EQ((*file)->Append("1234567").error().code(), Code::kNoSpace);
  EXPECT_EQ(*ReadFile(fs, "/f"), "12345");
}

TEST(MemoryFileSystem, NamesBehaveAsOnADisk) {
  MemoryFileSystem fs;
  EXPECT_EQ(fs.Open("/no/f", OpenMode::kReadWrite).error().code(), Code::kNotFound);
  ASSERT_TRUE(fs.MakeDirs("/a/b"));
  ASSERT_TRUE(fs.Open("/a/b/f", OpenMode::kCreateNew));
  ASSERT_TRUE(fs.Rename("/a/b", "/a/c"));
  EXPECT_EQ(fs.List("/a/c")->at(0).name, "f");
  EXPECT_EQ(fs.Remove("/a/c").error().code(), Code::kConflict);
  ASSERT_TRUE(fs.RemoveTree("/a"));
  EXPECT_FALSE(Exists(fs, "/a/c/f"));
}

}  // namespace
}  // namespace rw::os::testing
