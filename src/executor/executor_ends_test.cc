// Journals and limits at the end, and supervisors that are gone.
#include <gtest/gtest.h>

#include "executor/executor.h"
#include "executor/testing/worker.h"
#include "executor/testing/world.h"
#include "journal/writer.h"

namespace rw::executor {
namespace {

using std::chrono::seconds;
using testing::Worker;
using testing::World;

TEST(Executor, ATornJournalIsAWarning) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  Worker worker(w);
  auto writer =
      journal::Writer::Create(w.fs, w.loop, "/run/journal", WriterId("00000000000000bb"), "{}");
  ASSERT_TRUE(writer);
  uint64_t whole = (*writer)->size();
  w.Append("/run/journal/00000000000000bb.rwj", "torn");
  w.supervisor.ExitCode(0);
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.journals["00000000000000bb"].size(), whole);
  const json::Value finished = w.server.Report("finished");
  ASSERT_EQ(finished["warnings"].as_array().size(), 1u);
  EXPECT_EQ(finished["warnings"].as_array()[0].StringOr("source"), "journal");
}

TEST(Executor, FlushWaitsUntilTheServerHasIt) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  auto writer =
      journal::Writer::Create(w.fs, w.loop, "/run/journal", WriterId("00000000000000cc"), "{}");
  ASSERT_TRUE(writer);
  std::optional<uint64_t> acked;
  w.server.away = true;
  w.executor->Flush("00000000000000cc", (*writer)->size(),
                    [&](Result<uint64_t> result) { acked = result.value_or(0); });
  w.loop.RunFor(seconds(3));
  EXPECT_FALSE(acked);
  w.server.away = false;
  ASSERT_TRUE(w.loop.RunUntil([&] { return acked.has_value(); }));
  EXPECT_EQ(*acked, (*writer)->size());
  EXPECT_EQ(w.server.journals["00000000000000cc"].size(), *acked);
  bool refused = false;
  w.executor->Flush("00000000000000dd", 1, [&](Result<uint64_t> result) { refused = !result; });
  EXPECT_TRUE(refused);
}

TEST(Executor, TooLongARunIsEnded) {
  World w;
  w.SetSpec("max_run_duration_seconds", 5);
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  json::Value exited = w.server.Report("exited");
  EXPECT_EQ(exited.IntOr("signal", 0), 15);
  EXPECT_NE(exited["error"].StringOr("message").find("max_run_duration_seconds (5)"),
            std::string::npos);
}

TEST(Executor, TheLimitHoldsAcrossAnExecutorsDeathAndAClockJump) {
  World w;
  w.SetSpec("max_run_duration_seconds", 5);
  w.supervisor.OnSignal([](int) {});  // ignores TERM
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.loop.RunFor(seconds(3));
  w.KillExecutor();
  w.loop.JumpWall(-3'600'000'000);
  w.StartExecutor();
  w.loop.RunFor(seconds(4));
  ASSERT_EQ(w.supervisor.requests().back(), "SIGNAL 15");
  w.KillExecutor();  // in the grace between TERM and KILL
  w.StartExecutor();
  int64_t before = w.loop.BootMicros();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_LE(w.loop.BootMicros() - before, 11'000'000);
  EXPECT_NE(w.server.Report("exited")["error"].StringOr("message").find("(5)"), std::string::npos);
}

TEST(Executor, ADeadSupervisorFailsTheAttempt) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.Log("so far\n");
  w.supervisor.Lose();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_NE(w.server.Report("failed").StringOr("message").find("Supervisor lost"),
            std::string::npos);
  EXPECT_EQ(w.server.logs[World::kLog], "so far\n");
}

TEST(Executor, LeavesWhenTheServersFolderWasRemoved) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.server.away = true;
  w.Log("nobody will read this\n");
  ASSERT_TRUE(w.fs.RemoveTree("/run"));
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_FALSE(w.supervisor.running());
}

}  // namespace
}  // namespace rw::executor
