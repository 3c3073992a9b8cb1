// The whole core over a memory file system, virtual time, a scripted server and a fake supervisor.
#include "executor/executor.h"

#include <gtest/gtest.h>

#include "executor/testing/worker.h"
#include "executor/testing/world.h"

namespace rw::executor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Worker;
using testing::World;

TEST(Executor, RunsAScriptFromClaimToFinish) {
  World w;
  w.SetSpec("arguments", json::Array{"--x", "1"});
  w.supervisor.OnLaunch([&] {
    EXPECT_EQ(w.Read("/run/work/train.py"), "print(1)");
    std::string launch = w.Read("/run/state/launch");
    std::string line("arg=/usr/bin/python\0arg=train.py\0arg=--x\0arg=1\0", 46);
    EXPECT_NE(launch.find(line), std::string::npos);
    EXPECT_NE(launch.find("env=AZUREML_RUN_TOKEN=use-exec-sock"), std::string::npos);
    w.Log("hello\n");
    w.Write("/run/work/outputs/model.txt", "model");
    w.loop.After("exit", seconds(1), [&] { w.supervisor.ExitCode(0); });
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(*w.done, 0);
  EXPECT_TRUE(w.supervisor.over());
  EXPECT_EQ(w.supervisor.starts(), 1);
  ASSERT_EQ(w.server.reports.size(), 3u);
  EXPECT_EQ(w.server.reports[0].first, "started");
  EXPECT_EQ(w.server.reports[1].first, "exited");
  EXPECT_EQ(w.server.reports[1].second.IntOr("exit_code", -1), 0);
  EXPECT_EQ(w.server.reports[1].second["summary"].IntOr("peak_memory_bytes", 0), 123'000'000);
  EXPECT_EQ(w.server.reports[2].first, "finished");
  EXPECT_EQ(w.server.logs[World::kLog], "hello\n");
  ASSERT_EQ(w.server.artifacts.size(), 1u) << "outputs/old.txt came with the snapshot";
  EXPECT_EQ(w.server.blobs[w.server.artifacts["outputs/model.txt"]], "model");
}

TEST(Executor, PreviewsLinesWhileAShipWaitsForTheDisk) {
  World w;
  w.server.disk_latency = milliseconds(500);
  Worker worker(w);
  w.StartExecutor();
  auto late = [&](const std::string& line) {
    return w.server.previews[World::kLog].find(line) != std::string::npos;
  };
  ASSERT_TRUE(w.loop.RunUntil([&] { return late("step 20\n"); }));
  EXPECT_LT(w.server.logs[World::kLog].size(), 10u) << "the first ship still waits";
  EXPECT_FALSE(late("step 24\n")) << "seen when written, not before";
  ASSERT_TRUE(w.RunUntilDone());
  worker.ExpectAllStored();
}

TEST(Executor, SurvivesBeingKilledAtAnyMoment) {
  for (int after_us = 0; after_us < 700'000; after_us += 1'300 + after_us / 40) {
    SCOPED_TRACE(after_us);
    World w;
    Worker worker(w);
    w.StartExecutor();
    w.loop.RunUntil([] { return false; }, milliseconds(after_us / 1000));
    if (!w.done) {
      w.KillExecutor();
      w.server.most_in_flight = 0;
      w.loop.RunFor(milliseconds(7));
      w.StartExecutor();
      ASSERT_TRUE(w.RunUntilDone());
    }
    w.server.most_in_flight = 1;  // what the dead one had sent overlaps
    worker.ExpectAllStored();
  }
}

TEST(Executor, SurvivesLostAnswers) {
  for (int request = 0; request < 30; request++) {
    SCOPED_TRACE(request);
    World w;
    Worker worker(w);
    w.StartExecutor();
    int seen = 0;
    w.loop.RunUntil([&] { return seen++ >= request * 20; });
    w.server.lose_answers = 2;
    ASSERT_TRUE(w.RunUntilDone());
    worker.ExpectAllStored();
  }
}

TEST(Executor, TheRunGoesOnWhileTheServerIsAwayAndMoves) {
  World w;
  Worker worker(w);
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.server.away = true;
  w.loop.RunFor(seconds(30));
  EXPECT_FALSE(w.supervisor.running()) << "the script ended undisturbed";
  EXPECT_FALSE(w.done);
  w.Write("/endpoint", "http://two\n");
  w.loop.RunFor(seconds(2));
  w.server.away = false;
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.dialled.back(), "http://two");
  worker.ExpectAllStored();
}

TEST(Executor, CancelIsTermThenKill) {
  World w;
  std::vector<std::pair<int, int64_t>> signals;
  w.supervisor.OnSignal([&](int number) { signals.emplace_back(number, w.loop.BootMicros()); });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.server.cancel_grace_ms = 3000;
  ASSERT_TRUE(w.RunUntilDone());
  ASSERT_EQ(signals.size(), 1u);
  EXPECT_EQ(signals[0].first, 15);
  EXPECT_EQ(w.server.Report("exited").IntOr("signal", 0), 9);
  EXPECT_GE(w.loop.BootMicros() - signals[0].second, 3'000'000);
  EXPECT_TRUE(w.server.Reported("finished"));
}

TEST(Executor, CancelBeforeTheLaunchStartsNothing) {
  World w;
  w.server.cancel_grace_ms = 1000;
  w.SetSpec("blob_dir", nullptr);  // blobs come one by one, so the command is there first
  w.server.latency = milliseconds(50);
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.supervisor.starts(), 0);
  EXPECT_TRUE(w.server.Reported("finished"));
  EXPECT_FALSE(w.server.Reported("exited"));
}

TEST(Executor, AFencedExecutorKillsItsProcessesAndLeaves) {
  World w;
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilRunning());
  w.server.fenced = true;
  w.Log("to be refused\n");
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(*w.done, 0);
  EXPECT_FALSE(w.supervisor.running());
  EXPECT_FALSE(w.server.Reported("finished"));
}

TEST(Executor, TheSecondClaimantStartsNothing) {
  World w;
  w.server.claimed_by = "another";
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.supervisor.starts(), 0);
  EXPECT_TRUE(w.supervisor.over());
  EXPECT_TRUE(w.server.reports.empty());
}

}  // namespace
}  // namespace rw::executor
