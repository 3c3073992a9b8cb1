// What is left when a server, an executor or a supervisor is gone: who goes on, and with what.
#include "base/hash.h"
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

TEST_F(RunTest, AStaleExecutorIsFenced) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  backend.SetLife(AllocationId(executor.allocation), backend::Life::kDead);
  loop.Advance(5'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_NE(Run(id)["error"].StringOr("message").find("supervisor lost"), std::string::npos);
  EXPECT_EQ(backend.killed(), std::vector<std::string>{id});
  for (const char* what : {"started", "exited", "finished", "failed", "heartbeat"}) {
    auto answer = Tell(executor, what, R"({"exit_code":0})");
    EXPECT_EQ(answer.status(), 409) << what;
    EXPECT_EQ(answer.json()["error"].StringOr("field"), "fence");
    EXPECT_NE(answer.json()["error"].StringOr("message").find("fenced"), std::string::npos);
  }
  EXPECT_EQ(Ship(executor, JournalText(id).bytes, 0).status(), 409);
  EXPECT_EQ(ShipLog(executor, "x", 0).status(), 409);
  FakeExecutor old = executor;
  old.fence = "0";
  EXPECT_EQ(ShipLog(old, "x", 0).status(), 409);
}

TEST_F(RunTest, SilenceIsNotDeath) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  loop.Advance(200'000'000);
  EXPECT_EQ(StatusOf(id), "NotResponding");
  EXPECT_EQ(Tell(executor, "heartbeat", R"({"state":"running","wait_ms":0})").status(), 200);
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(id), "Running");
}

TEST_F(RunTest, ADeadSupervisorWhoseScriptHadEnded) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  json::Value record = json::Object();
  backend.SetExitRecord(RunId(id), record.Set("exit_code", 7).Set("time_us", 5));
  backend.SetLife(AllocationId(executor.allocation), backend::Life::kDead);
  loop.Advance(5'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_EQ(Run(id)["error"].IntOr("exit_code", 0), 7);
  EXPECT_EQ(Run(id)["warnings"].as_array().size(), 1u);
}

TEST_F(RunTest, ARestartedServerAdoptsWhatLives) {
  Do("PATCH", "/api/v1/workspaces/" + ws + "/computes/local", R"({"max_nodes":1})");
  std::string running = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  std::string queued = SubmitId();
  JournalText journal(running);
  journal.Number("i", 1);
  size_t shipped = journal.bytes.size();
  Ship(executor, journal.bytes, 0);
  ShipLog(executor, "one", 0);
  StartCore();
  loop.Advance(10'000'000);
  EXPECT_EQ(StatusOf(running), "Running");
  EXPECT_EQ(StatusOf(queued), "Queued");
  EXPECT_EQ(backend.starts().size(), 1u) << "nothing is respawned";
  journal.Number("i", 2);
  EXPECT_EQ(Ship(executor, journal.bytes.substr(shipped), shipped).status(), 200);
  EXPECT_EQ(ShipLog(executor, "two", 3).json().IntOr("acked", 0), 6);
  Finish(executor, R"({"exit_code":7})");
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(running), "Failed");
  EXPECT_EQ(json::Write(Metrics(running).as_array()[0]["values"]), "[1.0,2.0]");
  ASSERT_EQ(backend.starts().size(), 2u);
  Finish(ClaimLast());
  EXPECT_EQ(StatusOf(queued), "Completed");
}

TEST_F(RunTest, AnAllocationThatWasNeverBegunIsBegunAfterARestart) {
  std::string id = SubmitId();
  auto first = backend.starts()[0];
  backend.SetLife(first.allocation, backend::Life::kNotBegun);
  StartCore();
  loop.Advance(2'000'000);
  ASSERT_EQ(backend.starts().size(), 2u);
  EXPECT_EQ(backend.starts()[1].allocation, first.allocation);
  EXPECT_EQ(ClaimBy(first, "old").status(), 403) << "its secret is another now";
  Finish(Claim(backend.starts()[1]));
  EXPECT_EQ(StatusOf(id), "Completed");
}

TEST_F(RunTest, AnAllocationOfUnknownFateIsBegunAgain) {
  std::string id = SubmitId();
  backend.SetLife(backend.starts()[0].allocation, backend::Life::kUnknown);
  StartCore();
  loop.Advance(2'000'000);
  EXPECT_EQ(backend.starts().size(), 1u) << "it may still come up";
  loop.Advance(4'000'000);
  ASSERT_EQ(backend.starts().size(), 2u);
  EXPECT_EQ(ClaimBy(backend.starts()[0], "late").status(), 403);
  Finish(Claim(backend.starts()[1]));
  EXPECT_EQ(StatusOf(id), "Completed");
}

TEST_F(RunTest, ASupervisorThatDiesBeforeItsClaimIsStartedAgainAFewTimes) {
  std::string id = SubmitId();
  for (size_t starts = 1; starts < 4; starts++) {
    ASSERT_EQ(backend.starts().size(), starts);
    EXPECT_EQ(StatusOf(id), "Starting");
    backend.SetLife(backend.starts().back().allocation, backend::Life::kDead);
    loop.Advance(5'000'000);
  }
  ASSERT_EQ(backend.starts().size(), 4u);
  backend.SetLife(backend.starts().back().allocation, backend::Life::kDead);
  loop.Advance(5'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_EQ(ClaimBy(backend.starts().back(), "late").status(), 409);
}

TEST_F(RunTest, WhatADeadSupervisorLeftIsShippedByTheServer) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  JournalText journal(id);
  journal.Number("i", 1);
  size_t known = journal.bytes.size();
  EXPECT_EQ(Ship(executor, journal.bytes, 0).status(), 200);
  EXPECT_EQ(ShipLog(executor, "one\n", 0).status(), 200);
  journal.Number("i", 2);
  ASSERT_GT(journal.bytes.size(), known);
  std::string folder = "/elsewhere/" + id;
  ASSERT_TRUE(fs.MakeDirs(folder + "/journal"));
  ASSERT_TRUE(fs.MakeDirs(folder + "/azureml-logs"));
  ASSERT_TRUE(os::WriteFileAtomically(fs, folder + "/journal/" + "0123456789abcdef.rwj",
                                      journal.bytes + "torn"));
  ASSERT_TRUE(
      os::WriteFileAtomically(fs, folder + "/azureml-logs/70_driver_log.txt", "one\ntwo\n"));
  backend.SetFolder(RunId(id), folder);
  backend.SetLife(AllocationId(executor.allocation), backend::Life::kDead);
  loop.Advance(5'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_EQ(json::Write(Metrics(id).as_array()[0]["values"]), "[1.0,2.0]");
  EXPECT_EQ(*os::ReadFile(fs, "/data/logs/" + id + "/1.log"), "one\ntwo\n");
}

TEST_F(RunTest, AnExecutorThatNeverEndsItsFinalizingIsGivenUp) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  Tell(executor, "exited", R"({"exit_code":0,"summary":{"peak_memory_bytes":5}})");
  for (int i = 0; i < 3700 / 10; i++) {
    EXPECT_EQ(Tell(executor, "heartbeat", R"({"state":"finalizing","wait_ms":0})").status(), 200);
    loop.Advance(10'000'000);
  }
  EXPECT_EQ(StatusOf(id), "Finalizing");
  for (int i = 0; i < 300 / 10 && StatusOf(id) == "Finalizing"; i++) {
    Tell(executor, "heartbeat", R"({"state":"finalizing","wait_ms":0})");
    loop.Advance(10'000'000);
  }
  EXPECT_EQ(StatusOf(id), "Completed");
  EXPECT_EQ(Run(id)["summary"].IntOr("peak_memory_bytes", 0), 5);
  EXPECT_EQ(Run(id)["warnings"].as_array().size(), 1u);
  EXPECT_EQ(Tell(executor, "heartbeat").status(), 409) << "fenced";
}

TEST_F(RunTest, AFailedSpawnFailsTheRun) {
  backend.FailNext(Error(Code::kNotFound, "no shim"));
  std::string id = SubmitId();
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_NE(Run(id)["error"].StringOr("message").find("no shim"), std::string::npos);
  EXPECT_EQ(Run(id)["error"].StringOr("code"), "SystemError");
}

TEST_F(RunTest, MetricsArePackedWhenTheirRunHasEnded) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  JournalText journal(id);
  size_t shipped = 0;
  for (int i = 0; i < 10; i++) {
    journal.Number("i", i);
    EXPECT_EQ(Ship(executor, journal.bytes.substr(shipped), shipped).status(), 200);
    shipped = journal.bytes.size();
  }
  auto segments = [&] {
    auto row = *db->Prepare("SELECT count(*) FROM metric_segments");
    EXPECT_TRUE(*row.Step());
    return row.Int(0);
  };
  EXPECT_EQ(segments(), 10);
  std::string before = json::Write(Metrics(id));
  Finish(executor);
  StartCore();  // the server ends before it got to it
  loop.Advance(5'000'000);
  EXPECT_EQ(segments(), 1);
  EXPECT_EQ(json::Write(Metrics(id)), before);
}

TEST_F(RunTest, WhatADeadSupervisorHadNotStoredIsCollected) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  std::string folder = "/runs/" + id;
  for (const char* below : {"/work/outputs/sub", "/work/logs", "/journal", "/state"})
    ASSERT_TRUE(fs.MakeDirs(folder + below));
  auto write = [&](const std::string& name, const std::string& text) {
    EXPECT_TRUE(os::WriteFileAtomically(fs, folder + name, text));
  };
  JournalText journal(id);
  journal.Number("i", 1);
  journal.Json(journal::Kind::kMetric,
               R"({"name":"t","type":"text","value":")" + std::string(3 << 20, 'x') + "\"}");
  journal.Number("i", 2);
  write("/journal/0123456789abcdef.rwj", journal.bytes);
  ASSERT_TRUE(fs.MakeDirs(folder + "/azureml-logs"));
  write("/azureml-logs/70_driver_log.txt", "one two");
  EXPECT_EQ(ShipLog(executor, "one", 0).status(), 200);
  EXPECT_EQ(PreviewLog(executor, " two", 3).status(), 200) << "seen, and on no disk";
  write("/work/outputs/sub/model", "weights");
  write("/work/outputs/brought", "snapshot's");
  write("/work/logs/events", "tensorboard");
  write("/work/elsewhere", "no output");
  ASSERT_TRUE(fs.MakeSymlink("/etc/passwd", folder + "/work/outputs/link"));
  auto file = *fs.Stat(folder + "/work/outputs/brought");
  json::Value stamp = json::Object();
  stamp.Set("digest", Sha256Hex("snapshot's")).Set("size", file.size).Set("inode", file.inode);
  stamp.Set("mtime_ns", file.mtime_ns).Set("ctime_ns", file.ctime_ns);
  json::Value record = json::Object();
  record.Set("baseline", json::Object{{"outputs/brought", stamp}}).Set("shipped", json::Object());
  write("/state/outputs.json", json::Write(record));
  backend.SetFolder(RunId(id), folder);
  backend.SetLife(AllocationId(executor.allocation), backend::Life::kDead);
  loop.Advance(5'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  auto files = Do("GET", "/api/v1/runs/" + id + "/artifacts").json()["items"];
  ASSERT_EQ(files.as_array().size(), 3u) << json::Write(files);
  EXPECT_EQ(files.as_array()[0].IntOr("size", 0), 7);
  EXPECT_EQ(files.as_array()[1].StringOr("name"), "logs/events");
  EXPECT_EQ(files.as_array()[2].StringOr("name"), "outputs/sub/model");
  EXPECT_EQ(files.as_array()[2].StringOr("digest"), Sha256Hex("weights"));
  auto metrics = Do("GET", "/api/v1/runs/" + id + "/metrics?name=i").json()["metrics"];
  EXPECT_EQ(json::Write(metrics.as_array()[0]["values"]), "[1.0,2.0]");
  std::string told = json::Write(Run(id)["warnings"]);
  EXPECT_NE(told.find("4 bytes of its log, 2 files (18 bytes) of outputs and logs"),
            std::string::npos)
      << told;
  EXPECT_NE(told.find("outputs/link was not stored: it is a link"), std::string::npos) << told;
}

}  // namespace
}  // namespace rw::server
