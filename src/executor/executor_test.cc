// The whole core over a memory file system, virtual time, a scripted server and a fake supervisor.
#include "executor/executor.h"

#include <gtest/gtest.h>

#include "cas/digest.h"
#include "executor/launch_file.h"
#include "executor/testing/world.h"
#include "journal/writer.h"

namespace rw::executor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
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

/// Prints and logs 40 times, 10 ms apart, then exits with 7.
struct Worker {
  explicit Worker(World& world) : w(world) {
    w.supervisor.OnLaunch([this] {
      auto made =
          journal::Writer::Create(w.fs, w.loop, "/run/journal", WriterId("00000000000000aa"), "{}");
      ASSERT_TRUE(made);
      writer = std::move(*made);
      Step(0);
    });
  }
  void Step(int i) {
    if (i == 40) return w.supervisor.ExitCode(7);
    std::string line = "step " + std::to_string(i) + "\n";
    w.Log(line);
    printed += line;
    EXPECT_TRUE(writer->AppendNumber({i, i * 0.5, "loss"}));
    w.loop.After("step", milliseconds(10), [this, i] { Step(i + 1); });
  }
  void ExpectAllStored() {
    EXPECT_EQ(w.supervisor.starts(), 1);
    EXPECT_EQ(w.server.logs[World::kLog], printed);
    journal::Batch batch = journal::ParseRecords(w.server.journals["00000000000000aa"], 0);
    EXPECT_EQ(batch.records.size(), 41u);
    EXPECT_EQ(w.server.Report("exited").IntOr("exit_code", -1), 7);
    EXPECT_TRUE(w.server.Reported("finished"));
    EXPECT_EQ(w.server.most_in_flight, 1);
  }
  World& w;
  std::unique_ptr<journal::Writer> writer;
  std::string printed;
};

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

TEST(Executor, AnUnknownLaunchFailsTheAttempt) {
  World w;
  w.Write("/run/state/launching", "1\n");
  testing::FakeSupervisor after_reboot(w.loop, w.loop, w.fs, RunFolder{"/run"});
  Context context{w.loop, w.loop, w.fs, w.loop, w.random};
  TransportFactory factory = [&](const std::string&) {
    return Result<std::shared_ptr<net::Transport>>(
        std::shared_ptr<net::Transport>(std::shared_ptr<char>(), &w.server));
  };
  Executor executor(context, factory, after_reboot, nullptr, {"/run", "host", 1, {}});
  std::optional<int> done;
  executor.OnDone([&](int status) { done = status; });
  ASSERT_TRUE(executor.Start());
  ASSERT_TRUE(w.loop.RunUntil([&] { return done.has_value(); }));
  EXPECT_EQ(after_reboot.starts(), 0);
  EXPECT_EQ(w.server.Report("failed").StringOr("code"), "SystemError");
}

TEST(Executor, AMissingScriptIsTheUsersErrorWithNearNames) {
  World w;
  w.SetSpec("script", "trian.py");
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  json::Value failed = w.server.Report("failed");
  EXPECT_EQ(failed.StringOr("code"), "UserError");
  EXPECT_NE(failed.StringOr("message").find("trian.py"), std::string::npos);
  EXPECT_NE(failed.StringOr("next_step").find("train.py"), std::string::npos);
  EXPECT_EQ(w.supervisor.starts(), 0);
}

TEST(Executor, AnInterpreterThatCannotBeExecutedIsNamed) {
  World w;
  w.supervisor.FailExec(ENOENT);
  w.SetSpec("interpreter", "/usr/bin/python");
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  json::Value exited = w.server.Report("exited");
  EXPECT_NE(exited.StringOr("exec_error").find("/usr/bin/python: No such file"), std::string::npos);
  EXPECT_NE(exited["error"].StringOr("next_step").find("interpreter"), std::string::npos);
  EXPECT_FALSE(w.server.Reported("started"));
  EXPECT_TRUE(w.server.Reported("finished"));
}

TEST(Executor, ADamagedStoreFailsTheAttemptBeforeTheScript) {
  World w;
  auto names = w.fs.List("/blobs");
  std::string path = "/blobs/" + w.snapshot.substr(0, 2) + "/" + w.snapshot;
  w.Write(path, "not the tree");
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.Report("failed").StringOr("code"), "SystemError");
  EXPECT_EQ(w.supervisor.starts(), 0);
}

/// The store's blobs come over HTTP alone.
void HideTheStore(World& w) {
  for (const char* prefix_end = "0123456789abcdef"; *prefix_end; prefix_end++) {
    for (const char* second = "0123456789abcdef"; *second; second++) {
      std::string folder = std::string("/blobs/") + *prefix_end + *second;
      auto entries = w.fs.List(folder);
      if (!entries) continue;
      for (const auto& entry : *entries)
        w.server.blobs[entry.name] = w.Read(folder + "/" + entry.name);
    }
  }
  w.SetSpec("blob_dir", nullptr);
}

TEST(Executor, FetchesTheSnapshotWhereTheStoreIsNotSeen) {
  World w;
  HideTheStore(w);
  w.supervisor.OnLaunch(
      [&] { w.supervisor.ExitCode(w.Read("/run/work/train.py") == "print(1)" ? 0 : 1); });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.Report("exited").IntOr("exit_code", -1), 0);
}

TEST(Executor, TheFilesOfAnEarlierRunLieInAFolderThatTheScriptIsToldOf) {
  World w;
  HideTheStore(w);
  std::string digest = cas::Digest::Of("weights").Hex();
  w.server.blobs[digest] = "weights";
  w.SetSpec("resume_files", json::Array{json::Object{{"path", "a/model.pt"}, {"digest", digest}}});
  w.supervisor.OnLaunch([&] {
    EXPECT_EQ(w.Read("/run/resume/a/model.pt"), "weights");
    std::string launch = w.Read("/run/state/launch");
    EXPECT_NE(launch.find("env=AZUREML_DATAREFERENCE_MODEL_LOCATION=/run/resume"),
              std::string::npos);
    w.supervisor.ExitCode(0);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.Report("exited").IntOr("exit_code", -1), 0);
  EXPECT_TRUE(w.server.artifacts.empty()) << "they are no outputs of this run";
}

TEST(Executor, ANotebookIsStartedByItsRunner) {
  LaunchPlan plan;
  plan.interpreter = "/usr/bin/python";
  plan.script = "a/book.ipynb";
  plan.arguments = {"--x"};
  std::vector<std::string> line = {"/usr/bin/python", "-m", "runwright.notebook", "a/book.ipynb",
                                   "--x"};
  EXPECT_EQ(CommandLine(plan, {}), line);
}

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
