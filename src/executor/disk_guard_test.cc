#include "executor/disk_guard.h"

#include <gtest/gtest.h>

#include "executor/testing/world.h"

namespace rw::executor {
namespace {

using std::chrono::seconds;
using testing::World;

std::string MessageOf(const World& w, const std::string& source) {
  const json::Value finished = w.server.Report("finished");
  for (const json::Value& one : finished["warnings"].as_array())
    if (one.StringOr("source") == source) return one.StringOr("message");
  return "";
}

TEST(DiskGuard, ALargeDiskIsLeftAlone) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.loop.RunFor(seconds(2));
  EXPECT_TRUE(w.node.reserved.empty());
  w.supervisor.ExitCode(0);
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(MessageOf(w, "disk"), "");
}

TEST(DiskGuard, HoldsRoomForLogAndJournalsAndGivesBackWhatIsAcked) {
  World w;
  w.node.space = {uint64_t{64} << 20, uint64_t{64} << 20};
  w.supervisor.OnLaunch([&] {
    EXPECT_EQ(w.node.reserved.count("/run/" + std::string(World::kLog)), 1u)
        << "held before the script can fill the disk";
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.Write("/run/journal/00000000000000aa.rwj", "");
  w.loop.RunFor(seconds(2));
  EXPECT_EQ(w.node.reserved.count("/run/journal/00000000000000aa.rwj"), 1u);
  w.node.space.free = 0;
  std::string line(uint64_t{900} << 10, 'x');
  w.Log(line);
  w.loop.RunFor(seconds(5));
  EXPECT_EQ(w.server.logs[World::kLog].size(), line.size());
  EXPECT_GT(w.node.released["/run/" + std::string(World::kLog)], line.size() / 2);
  EXPECT_GT(w.node.reserved["/run/" + std::string(World::kLog)], line.size());
  w.supervisor.ExitCode(0);
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.node.reserved.count("/run/" + std::string(World::kLog)), 0u);
  EXPECT_NE(MessageOf(w, "disk").find("was full"), std::string::npos);
}

}  // namespace
}  // namespace rw::executor
