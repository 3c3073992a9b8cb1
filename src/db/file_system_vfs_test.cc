#include "db/file_system_vfs.h"

#include <gtest/gtest.h>

#include "db/connection.h"
#include "os/testing/memory_file_system.h"
#include "os/testing/mortal_file_system.h"

namespace rw::db {
namespace {

TEST(FileSystemVfs, CommittedRowsSurvivePowerLossAndOthersDoNot) {
  os::testing::MemoryFileSystem fs(&SystemRandom());
  ASSERT_TRUE(fs.MakeDirs("/data"));
  ASSERT_TRUE(fs.SyncDir("/data"));
  OpenOptions options{.vfs = "memory-test", .exclusive = true};
  int64_t committed = 0;
  for (int round = 0; round < 20; round++) {
    auto alive = std::make_shared<bool>(true);
    auto process = os::testing::MakeMortalFileSystem(fs, alive);
    FileSystemVfs vfs("memory-test", *process, SystemClock(), SystemRandom());
    auto connection = Connection::Open("/data/t.db", options);
    ASSERT_TRUE(connection) << connection.error().message();
    ASSERT_TRUE((*connection)->Execute("CREATE TABLE IF NOT EXISTS t(n INTEGER)"));
    auto count = (*connection)->Prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(*count->Step());
    ASSERT_EQ(count->Int(0), committed) << "round " << round;
    { auto done = std::move(*count); }
    for (int i = 0; i < 3; i++) {
      ASSERT_TRUE((*connection)->Execute("BEGIN; INSERT INTO t VALUES(1); COMMIT"));
      committed++;
    }
    ASSERT_TRUE((*connection)->Execute("BEGIN; INSERT INTO t VALUES(2)"));
    *alive = false;
    fs.Crash();
  }
}

}  // namespace
}  // namespace rw::db
