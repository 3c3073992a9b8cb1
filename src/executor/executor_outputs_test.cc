// Files of outputs and logs on their way to the server.
#include <gtest/gtest.h>

#include "executor/executor.h"
#include "executor/testing/world.h"

namespace rw::executor {
namespace {

using std::chrono::seconds;
using testing::World;

TEST(Executor, OutputsAreStoredWhenQuietReplacedAndOnceMoreAtTheEnd) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.Write("/run/work/outputs/a.txt", "one");
  w.Write("/run/work/outputs/old.txt", "brought");
  w.Write("/run/work/outputs/deep/er/b.txt", "log");
  ASSERT_TRUE(w.loop.RunUntil([&] { return w.server.artifacts.size() == 3; }, seconds(5)));
  EXPECT_EQ(w.server.blobs[w.server.artifacts["outputs/a.txt"]], "one");
  EXPECT_EQ(w.server.blobs[w.server.artifacts["outputs/old.txt"]], "brought")
      << "written by the script, be it with what the snapshot had";
  w.Write("/run/work/outputs/a.txt", "two");
  ASSERT_TRUE(w.loop.RunUntil(
      [&] { return w.server.blobs[w.server.artifacts["outputs/a.txt"]] == "two"; }, seconds(5)));
  w.loop.RunFor(seconds(5));
  EXPECT_EQ(w.server.named.size(), 4u) << "what did not change is not sent again";
  w.Write("/run/work/outputs/last.txt", "end");
  w.Write("/run/work/outputs/old.txt", "changed");
  w.supervisor.ExitCode(1);
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.blobs[w.server.artifacts["outputs/last.txt"]], "end");
  EXPECT_EQ(w.server.blobs[w.server.artifacts["outputs/old.txt"]], "changed");
  EXPECT_EQ(w.server.named.size(), 6u);
}

TEST(Executor, FilesBelowLogsAreStreamedWhileTheyGrow) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  std::string all;
  for (int i = 0; i < 20; i++) {
    std::string piece(10'000, static_cast<char>('a' + i));
    w.Append("/run/work/logs/tb/events.out", piece);
    all += piece;
    w.loop.RunFor(seconds(2));
    EXPECT_EQ(w.server.logs["logs/tb/events.out"], all);
  }
  EXPECT_EQ(w.server.log_bytes, all.size()) << "what was sent is not sent again";
  w.KillExecutor();
  w.Append("/run/work/logs/tb/events.out", "more");
  w.StartExecutor();
  w.loop.RunFor(seconds(3));
  EXPECT_EQ(w.server.logs["logs/tb/events.out"], all + "more");
  w.Append("/run/work/logs/tb/events.out", "end");
  w.supervisor.ExitCode(0);
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.logs["logs/tb/events.out"], all + "moreend");
}

TEST(Executor, AFileBelowLogsThatDoesNotOnlyGrowIsStoredWhole) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.Write("/run/work/logs/grows.txt", "one\n");
  w.Write("/run/work/logs/replaced.txt", "first");
  w.Write("/run/work/logs/patched.bin", "0000");
  w.loop.RunFor(seconds(3));
  EXPECT_EQ(w.server.logs["logs/grows.txt"], "one\n");
  w.Write("/run/work/logs/replaced.txt", "second one");  // another file of that name
  w.loop.RunFor(seconds(5));
  EXPECT_EQ(w.server.blobs[w.server.artifacts["logs/replaced.txt"]], "second one");
  auto file = w.fs.Open("/run/work/logs/patched.bin", os::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->WriteAt(1, "1"));
  w.Append("/run/work/logs/patched.bin", "00");
  w.Append("/run/work/logs/grows.txt", "two\n");
  w.supervisor.ExitCode(0);
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.blobs[w.server.artifacts["logs/patched.bin"]], "010000");
  EXPECT_EQ(w.server.logs["logs/grows.txt"], "one\ntwo\n");
  EXPECT_EQ(w.server.artifacts.count("logs/grows.txt"), 0u) << "what was streamed is there";
}

TEST(Executor, FinalizingHasABoundAndCountsWhatIsMissing) {
  World w;
  w.SetSpec("finalizing_seconds", 30);
  w.supervisor.OnLaunch([&] {
    w.Write("/run/work/outputs/a.bin", "a");
    w.Log("said\n");
    w.server.refused_blobs = true;
    w.supervisor.ExitCode(0);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.loop.RunUntil([&] { return w.server.Reported("exited"); }));
  w.server.away = true;
  w.loop.RunFor(seconds(600));
  EXPECT_FALSE(w.done) << "a server that is away does not use up the time";
  w.server.away = false;
  ASSERT_TRUE(w.RunUntilDone());
  const json::Value finished = w.server.Report("finished");
  ASSERT_EQ(finished["warnings"].as_array().size(), 1u);
  EXPECT_EQ(finished["warnings"].as_array()[0].StringOr("source"), "finalizing");
  EXPECT_NE(finished["warnings"].as_array()[0].StringOr("message").find("1 files, 0 bytes"),
            std::string::npos);
}

TEST(Executor, LinksOfOutputsAreFollowedOnlyWithinTheWorkingFolder) {
  World w;
  w.supervisor.OnLaunch([&] {
    w.Write("/run/work/outputs/step_9.pt", "weights");
    w.Write("/secret", "secret");
    EXPECT_TRUE(w.fs.MakeSymlink("step_9.pt", "/run/work/outputs/best.pt"));
    EXPECT_TRUE(w.fs.MakeSymlink("/run/work/../../secret", "/run/work/outputs/out.pt"));
    EXPECT_TRUE(w.fs.MakeSymlink("nowhere", "/run/work/outputs/dangling"));
    w.supervisor.ExitCode(0);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.artifacts.size(), 2u);
  EXPECT_EQ(w.server.blobs[w.server.artifacts["outputs/best.pt"]], "weights");
  const json::Value finished = w.server.Report("finished");
  ASSERT_EQ(finished["warnings"].as_array().size(), 1u);
  EXPECT_NE(finished["warnings"].as_array()[0].StringOr("message").find("out.pt"),
            std::string::npos);
}

TEST(Executor, WaitsForLeftoversBeforeTheLastLook) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.supervisor.Exit({Outcome::Kind::kCode, 0}, true);
  ASSERT_TRUE(w.loop.RunUntil([&] { return w.server.Reported("exited"); }));
  w.loop.RunFor(seconds(3));
  EXPECT_FALSE(w.done);
  w.Log("from a child\n");
  w.Write("/run/work/outputs/late.txt", "late");
  w.supervisor.Gone();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.logs[World::kLog], "from a child\n");
  EXPECT_EQ(w.server.artifacts.count("outputs/late.txt"), 1u);
}

}  // namespace
}  // namespace rw::executor
