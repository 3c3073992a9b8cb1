// The life of runs over Core with a fake backend: everything an executor and a client do, as
// messages.
#include <gtest/gtest.h>

#include "base/strings.h"
#include "cas/tree.h"
#include "journal/record.h"
#include "server/grant.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

/// What an executor knows after its claim.
struct FakeExecutor {
  std::string allocation;
  std::string secret;
  std::string token;
  std::string fence;
  std::string run;
};

class RunTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    ws = MakeWorkspace();
  }

  testing::Answer Submit(const std::string& extra = "", const std::string& run_id = "") {
    std::string body = R"({"experiment":"digits","command":"echo hi")";
    if (!run_id.empty()) body += R"(,"run_id":")" + run_id + "\"";
    return Do("POST", "/api/v1/workspaces/" + ws + "/runs", body + extra + "}");
  }
  std::string SubmitId(const std::string& extra = "") {
    auto answer = Submit(extra);
    EXPECT_EQ(answer.status(), 201) << answer.response->body.bytes;
    return answer.json().StringOr("id");
  }
  json::Value Run(const std::string& id) { return Do("GET", "/api/v1/runs/" + id).json(); }
  std::string StatusOf(const std::string& id) { return Run(id).StringOr("status"); }

  testing::Answer ClaimBy(const backend::StartRequest& start, const std::string& claimant) {
    return Do("POST", "/api/v1/allocations/" + start.allocation.str() + "/claim",
              R"({"claimant":")" + claimant + R"(","secret":")" + start.secret +
                  R"(","protocol":1,"host":"h","pid":7})",
              "");
  }
  FakeExecutor Claim(const backend::StartRequest& start, const std::string& claimant = "c1") {
    auto answer = ClaimBy(start, claimant);
    EXPECT_EQ(answer.status(), 200) << answer.response->body.bytes;
    json::Value grant = answer.json();
    return {start.allocation.str(), start.secret, grant.StringOr("token"),
            std::to_string(grant.IntOr("fence", 0)), start.run.str()};
  }
  FakeExecutor ClaimLast() { return Claim(backend.starts().back()); }

  std::shared_ptr<testing::Answer> BeginBy(const FakeExecutor& by, const std::string& method,
                                           const std::string& target, std::string body = "{}") {
    net::Request request;
    request.method = method;
    EXPECT_TRUE(request.SetTarget(target));
    request.body.bytes = std::move(body);
    request.headers["Authorization"] = "Bearer " + by.token;
    request.headers["Runwright-Allocation"] = by.allocation;
    request.headers["Runwright-Fence"] = by.fence;
    auto answer = std::make_shared<testing::Answer>();
    core->Handle(std::move(request), std::make_shared<testing::RecordingResponder>(answer));
    return answer;
  }
  testing::Answer DoBy(const FakeExecutor& by, const std::string& method, const std::string& target,
                       std::string body = "{}") {
    auto answer = BeginBy(by, method, target, std::move(body));
    for (int i = 0; i < 100 && !answer->response; i++) loop.Advance(100);
    EXPECT_TRUE(answer->response) << method << " " << target << " has no answer";
    return *answer;
  }
  testing::Answer Tell(const FakeExecutor& by, const std::string& what, std::string body = "{}") {
    return DoBy(by, "POST", "/api/v1/allocations/" + by.allocation + "/" + what, std::move(body));
  }
  void Finish(const FakeExecutor& by, const std::string& exit = R"({"exit_code":0})") {
    EXPECT_EQ(
        Tell(by, "started", R"({"pid":1,"start_time":"2026-11-21T12:00:00.000000Z"})").status(),
        200);
    EXPECT_EQ(Tell(by, "exited", exit).status(), 200);
    EXPECT_EQ(Tell(by, "finished").status(), 200);
  }
  json::Value Metrics(const std::string& run) {
    return Do("GET", "/api/v1/runs/" + run + "/metrics").json()["metrics"];
  }
  testing::Answer Ship(const FakeExecutor& by, const std::string& bytes, size_t offset,
                       const std::string& writer = "0123456789abcdef") {
    return DoBy(by, "POST",
                "/api/v1/runs/" + by.run + "/journal?writer=" + writer +
                    "&offset=" + std::to_string(offset),
                bytes);
  }
  testing::Answer ShipLog(const FakeExecutor& by, const std::string& bytes, size_t offset) {
    return DoBy(by, "POST",
                "/api/v1/runs/" + by.run +
                    "/logs?name=azureml-logs/70_driver_log.txt&offset=" + std::to_string(offset),
                bytes);
  }
  testing::Answer PreviewLog(const FakeExecutor& by, const std::string& bytes, size_t offset) {
    return DoBy(by, "POST",
                "/api/v1/runs/" + by.run + "/logs/preview?name=azureml-logs/70_driver_log.txt" +
                    "&offset=" + std::to_string(offset),
                bytes);
  }

  std::string ws;
};

/// A journal as a process of the user's writes it.
class JournalText {
 public:
  explicit JournalText(const std::string& run) : bytes(journal::kFileHeader) {
    Json(journal::Kind::kOpen, R"({"boot_id":"b","run_id":")" + run + "\"}");
  }
  void Json(journal::Kind kind, const std::string& body) { Add(kind, body); }
  void Number(const std::string& name, double value) {
    std::string body;
    journal::AppendNumber({std::nullopt, value, name}, body);
    Add(journal::Kind::kNumber, body);
  }
  std::string bytes;

 private:
  void Add(journal::Kind kind, const std::string& body) {
    int64_t time = 1000 + static_cast<int64_t>(seq_);
    journal::AppendRecord({seq_++, time + 5, time, kind, body}, bytes);
  }
  uint64_t seq_ = 0;
};

TEST_F(RunTest, FromSubmissionToCompletion) {
  auto submitted = Submit();
  ASSERT_EQ(submitted.status(), 201) << submitted.response->body.bytes;
  std::string id = submitted.json().StringOr("id");
  EXPECT_EQ(submitted.json().StringOr("status"), "Starting");
  EXPECT_EQ(submitted.json()["reason"].StringOr("text"), "starting on node 'local-0'");
  EXPECT_EQ(submitted.json().IntOr("number", 0), 1);
  ASSERT_EQ(backend.starts().size(), 1u) << "spawned in the turn of the answer";

  auto answer = ClaimBy(backend.starts()[0], "c1");
  json::Value grant = answer.json();
  EXPECT_EQ(grant["spec"].StringOr("command"), "echo hi");
  EXPECT_EQ(grant["spec"].StringOr("interpreter"), "/fake/python3");
  EXPECT_EQ(grant["run"]["workspace"].StringOr("name"), "ws");
  EXPECT_EQ(grant["run"].StringOr("run_id"), id);
  FakeExecutor executor = ClaimLast();
  EXPECT_EQ(StatusOf(id), "Preparing");
  EXPECT_EQ(Tell(executor, "started", R"({"start_time":"2026-11-21T12:00:00.000000Z"})").status(),
            200);
  EXPECT_EQ(StatusOf(id), "Running");
  EXPECT_EQ(Run(id).StringOr("start_time"), "2026-11-21T12:00:00.000000Z");

  JournalText journal(id);
  journal.Number("loss", 0.5);
  journal.Number("loss", 0.25);
  journal.Json(journal::Kind::kTag, R"({"set":{"k":"v"}})");
  auto acked = Ship(executor, journal.bytes, 0);
  EXPECT_EQ(acked.json().IntOr("acked", 0), static_cast<int64_t>(journal.bytes.size()));
  EXPECT_EQ(ShipLog(executor, "hello\n", 0).json().IntOr("acked", 0), 6);

  EXPECT_EQ(Tell(executor, "exited", R"({"exit_code":0})").status(), 200);
  EXPECT_EQ(StatusOf(id), "Finalizing");
  EXPECT_FALSE(Run(id)["reason"].StringOr("text").empty());
  EXPECT_EQ(Tell(executor, "finished", R"({"warnings":[{"source":"s","message":"m"}]})").status(),
            200);
  EXPECT_EQ(Tell(executor, "finished").status(), 200) << "a repeat is fine";
  json::Value run = Run(id);
  EXPECT_EQ(run.StringOr("status"), "Completed");
  EXPECT_EQ(run["tags"].StringOr("k"), "v");
  EXPECT_EQ(run["warnings"].as_array().size(), 1u);
  EXPECT_EQ(json::Write(run["log_files"]), R"(["azureml-logs/70_driver_log.txt"])");
  EXPECT_EQ(json::Write(Metrics(id).as_array()[0]["values"]), "[0.5,0.25]");
}

TEST_F(RunTest, OneClaimantWins) {
  SubmitId();
  const auto& start = backend.starts()[0];
  auto first = ClaimBy(start, "c1"), again = ClaimBy(start, "c1");
  EXPECT_EQ(first.response->body.bytes, again.response->body.bytes) << "the same grant";
  EXPECT_EQ(ClaimBy(start, "c2").status(), 409);
  backend::StartRequest wrong = start;
  wrong.secret = "guess";
  EXPECT_EQ(ClaimBy(wrong, "c1").status(), 403);
  wrong.allocation = AllocationId("none");
  EXPECT_EQ(ClaimBy(wrong, "c1").status(), 404);
  std::string claim = "/api/v1/allocations/" + start.allocation.str() + "/claim";
  for (const char* body : {"", "{}", "{", R"({"claimant":"c1","protocol":1})", R"({"secret":""})"})
    EXPECT_EQ(Do("POST", claim, body, "").status(), 401) << body;
}

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

TEST_F(RunTest, CancelInEveryState) {
  std::string unclaimed = SubmitId();
  auto start = backend.starts().back();
  EXPECT_EQ(Do("POST", "/api/v1/runs/" + unclaimed + "/cancel").json().StringOr("status"),
            "Canceled");
  EXPECT_EQ(ClaimBy(start, "late").status(), 409) << "nothing can start any more";

  std::string running = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  auto poll = BeginBy(executor, "POST", "/api/v1/allocations/" + executor.allocation + "/heartbeat",
                      R"({"state":"running","wait_ms":20000})");
  loop.Advance(1'000'000);
  EXPECT_FALSE(poll->response);
  EXPECT_EQ(Do("POST", "/api/v1/runs/" + running + "/cancel").json().StringOr("status"),
            "CancelRequested");
  ASSERT_TRUE(poll->response) << "answered at once";
  EXPECT_EQ(poll->json()["commands"].as_array()[0].StringOr("type"), "cancel");
  EXPECT_FALSE(Run(running)["reason"].StringOr("text").empty());
  EXPECT_EQ(Tell(executor, "exited", R"({"signal":15})").status(), 200);
  EXPECT_EQ(StatusOf(running), "CancelRequested");
  EXPECT_EQ(Tell(executor, "finished").status(), 200);
  EXPECT_EQ(StatusOf(running), "Canceled");
  EXPECT_EQ(Do("POST", "/api/v1/runs/" + running + "/cancel").json().StringOr("status"),
            "Canceled");
}

TEST_F(RunTest, QueueIsFirstComeFirstServedWithPositions) {
  ASSERT_EQ(
      Do("PATCH", "/api/v1/workspaces/" + ws + "/computes/local", R"({"max_nodes":1})").status(),
      200);
  std::string first = SubmitId(), second = SubmitId(), third = SubmitId();
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(first), "Starting");
  json::Value waiting = Run(third);
  EXPECT_EQ(waiting.StringOr("status"), "Queued");
  EXPECT_EQ(waiting["reason"].IntOr("position", 0), 2);
  EXPECT_EQ(waiting["reason"].StringOr("text"),
            "waiting for a slot of 'local': the only one is in use");
  Do("POST", "/api/v1/runs/" + second + "/cancel");
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(second), "Canceled");
  EXPECT_EQ(Run(third)["reason"].IntOr("position", 0), 1);
  Finish(ClaimLast());
  loop.Advance(1000);
  ASSERT_EQ(backend.starts().size(), 2u);
  EXPECT_EQ(backend.starts()[1].run.str(), third);
  EXPECT_EQ(StatusOf(third), "Starting");
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

TEST_F(RunTest, SystemMetricsAreApart) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  std::string path = "/api/v1/runs/" + id + "/system_metrics";
  const char* batch =
      R"({"times_us":[1000000,6000000],"values":{"cpu_percent":[null,93.5],"memory_bytes":[1,2]}})";
  EXPECT_EQ(DoBy(executor, "POST", path, batch).status(), 200);
  EXPECT_EQ(DoBy(executor, "POST", path, batch).status(), 200) << "a repeat changes nothing";
  auto metrics = Do("GET", path).json()["metrics"].as_array();
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].StringOr("name"), "cpu_percent");
  EXPECT_EQ(metrics[0].StringOr("unit"), "percent");
  EXPECT_EQ(json::Write(metrics[0]["values"]), "[93.5]");
  EXPECT_EQ(json::Write(metrics[1]["values"]), "[1,2]");
  EXPECT_EQ(Do("GET", path + "?name=memory_bytes").json()["metrics"].as_array().size(), 1u);
  EXPECT_TRUE(Metrics(id).as_array().empty());
  for (const char* bad :
       {"{}", R"({"times_us":[]})", R"({"times_us":["x"],"values":{}})",
        R"({"times_us":[1],"values":{"a":[1,2]}})", R"({"times_us":[1],"values":{"a":["x"]}})"})
    EXPECT_EQ(DoBy(executor, "POST", path, bad).status(), 400) << bad;
}

TEST_F(RunTest, AWarningIsAddedOnce) {
  std::string id = SubmitId();
  const char* body = R"({"source":"journal","message":"3 points could not be logged"})";
  for (int i = 0; i < 2; i++)
    EXPECT_EQ(Do("POST", "/api/v1/runs/" + id + "/warnings", body).status(), 200);
  EXPECT_EQ(json::Write(Run(id)["warnings"]),
            R"([{"message":"3 points could not be logged","source":"journal"}])");
  EXPECT_EQ(Do("POST", "/api/v1/runs/" + id + "/warnings", "{}").status(), 400);
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

TEST_F(RunTest, JournalRepeatsGapsAndDamage) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  JournalText journal(id);
  journal.Number("i", 1);
  size_t first = journal.bytes.size();
  EXPECT_EQ(Ship(executor, journal.bytes, 0).status(), 200);
  EXPECT_EQ(Ship(executor, journal.bytes, 0).json().IntOr("acked", 0), static_cast<int64_t>(first));
  journal.Number("i", 2);
  auto gap = Ship(executor, journal.bytes.substr(first), first + 10);
  EXPECT_EQ(gap.status(), 409);
  EXPECT_EQ(gap.json().IntOr("acked", 0), static_cast<int64_t>(first));
  EXPECT_EQ(Ship(executor, journal.bytes, 0).status(), 200) << "an overlap is cut";
  size_t second = journal.bytes.size();
  journal.Number("i", 3);
  std::string bad = journal.bytes.substr(second);
  bad.back() ^= 1;
  auto damaged = Ship(executor, bad, second);
  EXPECT_EQ(damaged.status(), 400);
  EXPECT_EQ(damaged.json().IntOr("acked", 0), static_cast<int64_t>(second));
  EXPECT_EQ(Ship(executor, journal.bytes.substr(second), second).status(), 400);
  EXPECT_EQ(Run(id)["warnings"].as_array().size(), 1u);
  EXPECT_EQ(json::Write(Metrics(id).as_array()[0]["values"]), "[1.0,2.0]");
  auto offsets = Do("GET", "/api/v1/runs/" + id + "/journal").json();
  EXPECT_EQ(offsets["writers"].IntOr("0123456789abcdef", 0), static_cast<int64_t>(second));
}

TEST_F(RunTest, JournalMakesAndEndsChildren) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  JournalText journal(id);
  journal.Json(journal::Kind::kChild,
               R"({"run_id":"c-1","parent_id":")" + id + R"(","name":"first"})");
  journal.Json(journal::Kind::kChild, R"({"run_id":"c-2","parent_id":"c-1","tags":{"a":"b"}})");
  journal.Json(journal::Kind::kMetric,
               R"({"run_id":"c-2","name":"t","type":"list","value":[1,{"$number":"NaN"}]})");
  journal.Json(journal::Kind::kRun, R"({"run_id":"c-1"})");
  journal.Number("x", 4);
  journal.Json(journal::Kind::kEnd, R"({"status":"Completed"})");
  journal.Json(journal::Kind::kTag, R"({"run_id":"stranger","set":{"a":"b"}})");
  journal.Json(journal::Kind::kEnd,
               R"({"run_id":")" + id + R"(","status":"Failed","error":{"message":"no data"}})");
  EXPECT_EQ(Ship(executor, journal.bytes, 0).status(), 200);
  EXPECT_EQ(StatusOf("c-1"), "Completed");
  EXPECT_EQ(StatusOf("c-2"), "Running");
  EXPECT_EQ(StatusOf(id), "Running") << "its processes go on";
  EXPECT_EQ(json::Write(Metrics("c-2").as_array()[0]["values"]), R"([[1,"NaN"]])");
  EXPECT_EQ(json::Write(Metrics("c-1").as_array()[0]["values"]), "[4.0]");
  EXPECT_EQ(Run("c-2").StringOr("root_id"), id);
  auto all = Do("GET", "/api/v1/runs/" + id + "/metrics?recursive=true").json();
  EXPECT_EQ(all["runs"].as_object().size(), 3u);
  Tell(executor, "exited", R"({"exit_code":0})");
  Tell(executor, "finished");
  EXPECT_EQ(Run(id)["error"].StringOr("message"), "no data");
  EXPECT_EQ(StatusOf("c-2"), "Failed") << "open children end with their parent";
}

TEST_F(RunTest, LogsAreFollowedFromAnyOffset) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  ShipLog(executor, "abc", 0);
  auto follower =
      Begin("GET", "/api/v1/runs/" + id + "/logs?from=azureml-logs/70_driver_log.txt:1");
  ASSERT_TRUE(follower->stream);
  EXPECT_NE(follower->stream->written.find(Base64Encode("bc")), std::string::npos);
  EXPECT_NE(follower->stream->written.find(R"("offset":1)"), std::string::npos);
  ShipLog(executor, "def", 3);
  EXPECT_NE(follower->stream->written.find(Base64Encode("def")), std::string::npos);
  EXPECT_EQ(ShipLog(executor, "zz", 9).status(), 409);
  EXPECT_EQ(ShipLog(executor, "efg", 4).json().IntOr("acked", 0), 7) << "an overlap is cut";
  Tell(executor, "exited", R"({"exit_code":0})");
  EXPECT_FALSE(follower->stream->closed);
  Tell(executor, "finished");
  EXPECT_TRUE(follower->stream->closed);
  EXPECT_NE(follower->stream->written.find("event: end\ndata: {\"status\":\"Completed\"}"),
            std::string::npos);
  auto late = Begin("GET", "/api/v1/runs/" + id + "/logs");
  EXPECT_NE(late->stream->written.find(Base64Encode("abcdefg")), std::string::npos);
  EXPECT_TRUE(late->stream->closed);
}

TEST_F(RunTest, PreviewsAreSeenAndNotStored) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  Tell(executor, "started");
  ShipLog(executor, "abc", 0);
  auto follower = Begin("GET", "/api/v1/runs/" + id + "/logs");
  EXPECT_EQ(PreviewLog(executor, "cde", 2).json().IntOr("shown", 0), 5);
  EXPECT_NE(follower->stream->written.find(Base64Encode("de")), std::string::npos);
  EXPECT_EQ(PreviewLog(executor, "zz", 6).json().IntOr("shown", 0), 5) << "a gap";
  EXPECT_EQ(PreviewLog(executor, std::string(5 << 20, 'x'), 5).json().IntOr("shown", 0), 5);
  EXPECT_EQ(ShipLog(executor, "zz", 5).json().IntOr("acked", 0), 3) << "still a gap for a ship";
  EXPECT_EQ(ShipLog(executor, "def", 3).json().IntOr("acked", 0), 6);
  EXPECT_NE(follower->stream->written.find(Base64Encode("f")), std::string::npos);
  EXPECT_EQ(follower->stream->written.find(Base64Encode("def")), std::string::npos)
      << "what was seen is not sent again";
  auto late = Begin("GET", "/api/v1/runs/" + id + "/logs");
  EXPECT_NE(late->stream->written.find(Base64Encode("abcdef")), std::string::npos);
  FakeExecutor stale = executor;
  stale.fence += "0";
  EXPECT_EQ(PreviewLog(stale, "gh", 6).status(), 409);
}

TEST_F(RunTest, ALongLogIsCaughtUpInPieces) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  std::string text(700'000, 'x');
  ShipLog(executor, text, 0);
  auto follower = Begin("GET", "/api/v1/runs/" + id + "/logs?follow=false");
  loop.Advance(1'000'000);
  EXPECT_TRUE(follower->stream->closed);
  EXPECT_GT(follower->stream->written.size(), 900'000u);
}

TEST_F(RunTest, SubmissionsAreValidatedInFull) {
  struct Row {
    const char* extra;
    int status;
    const char* field;
  };
  const Row rows[] = {
      {R"(,"script":"x.py")", 400, "command"},
      {R"(,"arguments":[1])", 400, "arguments[0]"},
      {R"(,"environment_variables":{"A B":"x"})", 400, "environment_variables"},
      {R"(,"environment":{"kind":"conda"})", 400, "environment.kind"},
      {R"(,"target":"gpu")", 404, "target"},
      {R"(,"parent_id":"nobody")", 404, "parent_id"},
      {R"(,"run_id":"../x")", 400, "run_id"},
      {R"(,"max_run_duration_seconds":-1)", 400, "max_run_duration_seconds"},
      {R"(,"node_count":2)", 501, "node_count"},
      {R"(,"run_definition":{"nodeCount":3})", 501, "node_count"},
      {R"(,"tags":{"a":1})", 400, "tags"},
      {R"(,"snapshot_id":"0123456789012345678901234567890123456789012345678901234567890123")", 412,
       "snapshot_id"},
  };
  for (const Row& row : rows) {
    auto answer = Submit(row.extra);
    EXPECT_EQ(answer.status(), row.status) << row.extra << answer.response->body.bytes;
    EXPECT_EQ(answer.json()["error"].StringOr("field"), row.field) << row.extra;
  }
  auto gpu = Submit(R"(,"target":"gpu")").json()["error"].StringOr("message");
  EXPECT_TRUE(
      gpu.starts_with("Compute target 'gpu' not found in workspace 'ws'. Existing: local."
                      " Create it with"))
      << gpu;
  auto bad =
      Do("POST", "/api/v1/workspaces/" + ws + "/runs", R"({"experiment":"a b","command":"x"})");
  EXPECT_EQ(bad.json()["error"].StringOr("field"), "experiment");
  EXPECT_TRUE(backend.starts().empty());
}

TEST_F(RunTest, TheScriptMustBeInTheSnapshot) {
  auto put = [&](const std::string& bytes) {
    std::string digest = cas::Digest::Of(bytes).Hex();
    EXPECT_EQ(Do("PUT", "/api/v1/blobs/" + digest, bytes).status(), 201);
    return cas::Digest::Of(bytes);
  };
  cas::Digest file = put("print()");
  cas::Digest folder = put(cas::EncodeTree({{cas::EntryMode::kFile, file, 7, "fit.py"}}));
  cas::Digest root = put(cas::EncodeTree(
      {{cas::EntryMode::kFolder, folder, 7, "src"}, {cas::EntryMode::kFile, file, 7, "train.py"}}));
  ASSERT_EQ(Do("POST", "/api/v1/snapshots", "{\"id\":\"" + root.Hex() + "\"}").status(), 201);
  auto submit = [&](const std::string& script) {
    return Do("POST", "/api/v1/workspaces/" + ws + "/runs",
              R"({"experiment":"digits","script":")" + script + R"(","snapshot_id":")" +
                  root.Hex() + "\"}");
  };
  EXPECT_EQ(submit("train.py").status(), 201);
  EXPECT_EQ(submit("./src/fit.py").status(), 201);
  for (const char* bad : {"tran.py", "src", "src/fti.py", "train.py/x", "nowhere/fit.py"}) {
    auto answer = submit(bad);
    EXPECT_EQ(answer.status(), 400) << bad;
    EXPECT_EQ(answer.json()["error"].StringOr("field"), "script");
  }
  EXPECT_NE(submit("tran.py").json()["error"].StringOr("message").find("near it: train.py"),
            std::string::npos);
  EXPECT_NE(submit("src/fti.py").json()["error"].StringOr("message").find("src/fit.py"),
            std::string::npos);
  EXPECT_EQ(submit("../x").status(), 400);
}

TEST_F(RunTest, ARepeatedSubmissionIsTheSameRun) {
  EXPECT_EQ(Submit("", "mine").status(), 201);
  EXPECT_EQ(Submit("", "mine").status(), 200);
  EXPECT_EQ(Submit(R"(,"display_name":"other")", "mine").status(), 409);
  loop.Advance(1000);
  EXPECT_EQ(backend.starts().size(), 1u);
}

TEST_F(RunTest, RunsThatAreLoggedToByHand) {
  auto made = Do("POST", "/api/v1/workspaces/" + ws + "/runs", R"({"experiment":"digits"})");
  ASSERT_EQ(made.status(), 201) << made.response->body.bytes;
  std::string run = "/api/v1/runs/" + made.json().StringOr("id");
  EXPECT_EQ(made.json().StringOr("status"), "Running");
  EXPECT_TRUE(backend.starts().empty());
  EXPECT_EQ(Do("POST", run + "/metrics",
               R"({"metrics":[{"name":"a","value":"NaN"},{"name":"a","value":2,"step":3}]})")
                .json()
                .IntOr("count", 0),
            2);
  auto refused = Do("POST", run + "/metrics", R"({"metrics":[{"name":"a","value":1,"step":"x"}]})");
  EXPECT_EQ(refused.status(), 400);
  EXPECT_EQ(refused.json()["error"].StringOr("field"), "metrics[0].step");
  EXPECT_EQ(Do("POST", run + "/end", R"({"status":"Completed"})").json().StringOr("status"),
            "Completed");
  EXPECT_EQ(Do("POST", run + "/metrics", R"({"metrics":[{"name":"a","value":5}]})").status(), 200)
      << "also after its end";
  json::Value metric = Do("GET", run + "/metrics?name=a").json()["metrics"].as_array()[0];
  EXPECT_EQ(json::Write(metric["values"]), R"(["NaN",2.0,5.0])");
  EXPECT_EQ(json::Write(metric["steps"]), "[null,3,null]");
}

TEST_F(RunTest, TagsPropertiesAndTheirFilters) {
  std::string id = SubmitId(R"(,"tags":{"a":"1","b":null},"properties":{"p":"q"})");
  SubmitId();
  std::string run = "/api/v1/runs/" + id, list = "/api/v1/workspaces/" + ws + "/runs";
  EXPECT_EQ(Do("PATCH", run, R"({"tags":{"c":"3"},"remove_tags":["a"],"display_name":"n"})")
                .json()
                .StringOr("display_name"),
            "n");
  EXPECT_EQ(Do("PATCH", run, R"({"properties":{"p":"other"}})").status(), 409);
  EXPECT_EQ(json::Write(Run(id)["tags"]), R"({"b":null,"c":"3"})");
  EXPECT_EQ(Do("GET", list).json()["items"].as_array().size(), 2u);
  for (const char* query : {"?tag=c=3", "?tag=b", "?property=p=q", "?status=Starting&tag=c"}) {
    auto items = Do("GET", list + query).json()["items"];
    ASSERT_EQ(items.as_array().size(), 1u) << query;
    EXPECT_EQ(items.as_array()[0].StringOr("id"), id);
  }
  auto page = Do("GET", list + "?limit=1").json();
  EXPECT_EQ(Do("GET", list + "?limit=1&cursor=" + page.StringOr("next_cursor"))
                .json()["items"]
                .as_array()[0]
                .StringOr("id"),
            id);
}

TEST_F(RunTest, ListsAreWhatEachRunIs) {
  std::string first =
      SubmitId(R"(,"arguments":["--lr","0.5"],"tags":{"a":"1"},"properties":{"p":"q"})");
  for (int i = 0; i < 6; i++) SubmitId(R"(,"params":{"lr":)" + std::to_string(i) + "}");
  std::string list = "/api/v1/workspaces/" + ws + "/runs";
  auto items = Do("GET", list).json()["items"];
  ASSERT_EQ(items.as_array().size(), 7u);
  bool waited = false;
  for (const json::Value& item : items.as_array()) {
    json::Value run = Run(item.StringOr("id"));
    waited = waited || run["reason"].IntOr("position", 0) > 0;
    run.as_object().erase("params");
    EXPECT_EQ(json::Write(item), json::Write(run));
  }
  EXPECT_TRUE(waited) << "runs in the queue were not looked at";
  EXPECT_EQ(Run(first)["params"].StringOr("lr"), "0.5");
  auto cheapest = Do("GET", list + "?sort=params.lr&limit=2").json();
  EXPECT_EQ(cheapest["items"].as_array()[0]["params"].StringOr("lr"), "0");
  EXPECT_EQ(cheapest["items"].as_array()[1].StringOr("id"), first);
  std::string cursor = "&cursor=" + cheapest.StringOr("next_cursor");
  auto next = Do("GET", list + "?sort=params.lr&limit=2" + cursor).json();
  EXPECT_EQ(next["items"].as_array()[0]["params"].StringOr("lr"), "1");
  EXPECT_EQ(Do("GET", list + "?sort=-params.lr" + cursor).json()["error"].StringOr("field"),
            "cursor");
  EXPECT_EQ(Do("GET", list + "?cursor=ffee").status(), 400);
  EXPECT_EQ(Do("GET", list + "?sort=params.lr&cursor=ffee").status(), 400);
}

TEST_F(RunTest, SeriesInBucketsAndDamageInWords) {
  std::string list = "/api/v1/workspaces/" + ws + "/runs";
  std::string id = Do("POST", list, R"({"experiment":"digits"})").json().StringOr("id");
  std::string metrics = "/api/v1/runs/" + id + "/metrics";
  for (int i = 0; i < 6; i++) {
    Do("POST", metrics,
       R"({"metrics":[{"name":"loss","value":)" + std::to_string(i) + R"(,"step":)" +
           std::to_string(i * 10) + "}]}");
  }
  json::Value series = Do("GET", metrics + "/series?name=loss&buckets=2").json();
  EXPECT_EQ(series.IntOr("count", 0), 6);
  EXPECT_EQ(json::Write(series["buckets"]["min"]), "[0.0,3.0]");
  EXPECT_EQ(json::Write(series["buckets"]["max"]), "[2.0,5.0]");
  EXPECT_EQ(json::Write(series["buckets"]["step"]), "[20,50]");
  EXPECT_EQ(Do("GET", metrics + "/series").status(), 400);
  EXPECT_EQ(Do("GET", metrics + "/series?name=loss&buckets=0").status(), 400);
  EXPECT_EQ(Do("GET", metrics + "/series?name=none").status(), 404);
  Do("POST", metrics, R"({"metrics":[{"name":"t","type":"table","value":{"a":1}}]})");
  EXPECT_EQ(Do("GET", metrics + "/series?name=t").status(), 412);
  ASSERT_TRUE(
      db->Execute("UPDATE metric_segments SET data = zeroblob(50) WHERE row ="
                  " (SELECT max(row) - 2 FROM metric_segments)"));
  json::Value read = Do("GET", metrics).json();
  EXPECT_EQ(json::Write(read["metrics"].as_array()[0]["values"]), "[0.0,1.0,2.0,3.0,5.0]");
  EXPECT_EQ(read["metrics"].as_array()[1].StringOr("name"), "t") << "the rest is readable";
  ASSERT_EQ(read["damaged"].as_array().size(), 1u);
  EXPECT_EQ(read["damaged"].as_array()[0].StringOr("metric"), "loss");
  Do("GET", metrics);
  loop.Advance(1000);
  json::Value warnings = Run(id)["warnings"];
  ASSERT_EQ(warnings.as_array().size(), 1u) << "said once";
  EXPECT_NE(warnings.as_array()[0].StringOr("message").find("'loss'"), std::string::npos);
}

TEST_F(RunTest, ALongAnswerIsSpooled) {
  std::string id = SubmitId();
  FakeExecutor executor = ClaimLast();
  JournalText journal(id);
  for (int i = 0; i < 40000; i++) journal.Number("loss", i * 0.5);
  EXPECT_EQ(Ship(executor, journal.bytes, 0).status(), 200);
  auto answer = Do("GET", "/api/v1/runs/" + id + "/metrics");
  ASSERT_TRUE(answer.response->body.file);
  auto text = *os::ReadFile(fs, answer.response->body.file->path());
  EXPECT_EQ(text.size(), answer.response->body.file->size());
  json::Value metric = (*json::Parse(text))["metrics"].as_array()[0];
  ASSERT_EQ(metric["values"].as_array().size(), 40000u);
  EXPECT_EQ(metric["values"].as_array()[39999].as_double(), 39999 * 0.5);
}

TEST_F(RunTest, RunsByTheirMetrics) {
  std::string list = "/api/v1/workspaces/" + ws + "/runs";
  std::vector<std::string> ids;
  for (const char* value : {"0.5", "0.9", "\"NaN\"", "0.7"}) {
    ids.push_back(Do("POST", list, R"({"experiment":"digits"})").json().StringOr("id"));
    Do("POST", "/api/v1/runs/" + ids.back() + "/metrics",
       std::string(R"({"metrics":[{"name":"acc","value":)") + value + "}]}");
  }
  auto best = Do("GET", list + "?sort=-metrics.acc&filter=not%20metrics.acc%3D0.7").json()["items"];
  ASSERT_EQ(best.as_array().size(), 3u);
  EXPECT_EQ(best.as_array()[0].StringOr("id"), ids[1]);
  EXPECT_EQ(best.as_array()[0]["metrics"]["acc"].DoubleOr("last", 0), 0.9);
  EXPECT_EQ(best.as_array()[1].StringOr("id"), ids[0]);
  EXPECT_EQ(best.as_array()[2].StringOr("id"), ids[2]) << "NaN has no place: last";
  auto wrong = Do("GET", list + "?filter=metrics.acc%20%3E%3E%201");
  EXPECT_EQ(wrong.status(), 400);
  EXPECT_EQ(wrong.json()["error"].StringOr("field"), "filter");
  EXPECT_NE(wrong.json()["error"].StringOr("message").find("character 14"), std::string::npos);
}

TEST_F(RunTest, ARunsTokenReachesItsOwnTreeOnly) {
  std::string other = SubmitId();
  SubmitId();
  FakeExecutor executor = ClaimLast();
  EXPECT_EQ(DoBy(executor, "GET", "/api/v1/runs/" + other).status(), 200)
      << "its workspace is readable";
  EXPECT_EQ(DoBy(executor, "PATCH", "/api/v1/runs/" + other, R"({"tags":{"a":"b"}})").status(),
            403);
  EXPECT_EQ(DoBy(executor, "POST", "/api/v1/runs/" + other + "/cancel").status(), 403);
  std::string submit = "/api/v1/workspaces/" + ws + "/runs";
  EXPECT_EQ(DoBy(executor, "POST", submit, R"({"experiment":"digits","command":"x"})").status(),
            403);
  EXPECT_EQ(DoBy(executor, "POST", submit,
                 R"({"experiment":"digits","command":"x","parent_id":")" + executor.run + "\"}")
                .status(),
            201);
  EXPECT_EQ(
      DoBy(executor, "PATCH", "/api/v1/workspaces/" + ws + "/computes/local", R"({"max_nodes":9})")
          .status(),
      403);
}

TEST_F(RunTest, ClustersTellTheTruth) {
  std::string computes = "/api/v1/workspaces/" + ws + "/computes";
  EXPECT_EQ(
      Do("POST", computes, R"({"name":"gpu","vm_size":"NC7"})").json()["error"].StringOr("field"),
      "vm_size");
  EXPECT_EQ(Do("POST", computes,
               R"({"name":"gpu","vm_size":"nc6","max_nodes":1,"idle_seconds_before_scaledown":5})")
                .status(),
            201);
  auto facts = [&] { return Do("GET", computes + "/gpu").json(); };
  EXPECT_EQ(facts().StringOr("vm_size"), "STANDARD_NC6");
  EXPECT_EQ(facts().IntOr("current_node_count", -1), 0);
  std::string id = SubmitId(R"(,"target":"gpu")");
  loop.Advance(1000);
  EXPECT_NE(json::Write(Run(id)["warnings"]).find("this machine has none"), std::string::npos);
  EXPECT_EQ(facts()["nodes"].as_array()[0].StringOr("state"), "running");
  EXPECT_EQ(facts()["nodes"].as_array()[0].StringOr("run_id"), id);
  EXPECT_EQ(Do("DELETE", computes + "/gpu").status(), 409);
  Finish(ClaimLast());
  EXPECT_EQ(facts()["nodes"].as_array()[0].StringOr("state"), "idle");
  loop.Advance(5'000'000);
  EXPECT_EQ(facts().IntOr("current_node_count", -1), 0);
  EXPECT_EQ(facts().StringOr("allocation_state"), "Steady");
  EXPECT_EQ(Do("DELETE", computes + "/gpu").status(), 200);
  EXPECT_EQ(Do("GET", computes + "/gpu").status(), 404);
  EXPECT_EQ(Do("DELETE", computes + "/local").status(), 409);
  EXPECT_EQ(Do("GET", computes).json()["items"].as_array().size(), 1u);
}

TEST_F(RunTest, AnEnvironmentThatIsBuiltIsFollowedInTheRunsLog) {
  installer.hold = true;
  std::string id = SubmitId(R"(,"environment":{"kind":"pip","requirements":["six==1"]})");
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(id), "Preparing");
  EXPECT_EQ(Run(id)["reason"].StringOr("text"), "preparing the environment");
  std::string canceled = SubmitId(R"(,"environment":{"kind":"pip","requirements":["six==1"]})");
  EXPECT_EQ(Do("POST", "/api/v1/runs/" + canceled + "/cancel").json().StringOr("status"),
            "Canceled");
  installer.hold = false;
  installer.Release();
  loop.Advance(1'000'000);
  ASSERT_EQ(backend.starts().size(), 1u);
  EXPECT_EQ(StatusOf(id), "Starting");
  EXPECT_EQ(json::Write(Run(id)["log_files"]), R"(["azureml-logs/20_image_build_log.txt"])");
}

TEST_F(RunTest, AnEnvironmentThatCannotBeMadeFailsItsRun) {
  installer.failures.emplace("bad==1", Error(Code::kFailedPrecondition, "bad==1 does not exist"));
  std::string id = SubmitId(R"(,"environment":{"kind":"pip","requirements":["bad==1"]})");
  loop.Advance(1'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_EQ(Run(id)["error"].StringOr("code"), "UserError");
  EXPECT_NE(Run(id)["error"].StringOr("message").find("bad==1 does not exist"), std::string::npos);
}

}  // namespace
}  // namespace rw::server
