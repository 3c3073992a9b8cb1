#include "server/fatal_sync.h"

#include <gtest/gtest.h>

#include "os/testing/memory_file_system.h"

namespace rw::server {
namespace {

void FailSyncs(os::testing::MemoryFileSystem& fs, Code code) {
  fs.SetFault([code](std::string_view operation, const std::string&) -> Status {
    if (operation.find("sync") == std::string_view::npos) return Ok();
    return Error(code, "planted");
  });
}

TEST(FatalSync, AFullDiskIsPassedOn) {
  os::testing::MemoryFileSystem memory;
  auto fs = MakeFatalSyncFileSystem(memory);
  auto file = *fs->Open("/a", os::OpenMode::kTruncate);
  EXPECT_TRUE(file->Sync());
  FailSyncs(memory, Code::kNoSpace);
  EXPECT_EQ(file->Sync().error().code(), Code::kNoSpace);
  EXPECT_EQ(fs->SyncDir("/").error().code(), Code::kNoSpace);
}

TEST(FatalSyncDeathTest, ABrokenDiskEndsTheProcess) {
  os::testing::MemoryFileSystem memory;
  auto fs = MakeFatalSyncFileSystem(memory);
  auto file = *fs->Open("/a", os::OpenMode::kTruncate);
  FailSyncs(memory, Code::kInternal);
  EXPECT_DEATH((void)file->Sync(), "sync.fatal");
  EXPECT_DEATH((void)fs->SyncDir("/"), "sync.fatal");
  EXPECT_DEATH((void)fs->SyncAll("/"), "sync.fatal");
}

}  // namespace
}  // namespace rw::server
