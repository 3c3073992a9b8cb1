// The life of runs over Core with a fake backend: everything an executor and a client do, as
// messages.
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

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
  // Should the executor have died with it, the next one hears it well before its poll's time.
  auto next = BeginBy(executor, "POST", "/api/v1/allocations/" + executor.allocation + "/heartbeat",
                      R"({"state":"running","wait_ms":20000})");
  loop.Advance(1'000'000);
  EXPECT_FALSE(next->response) << "one that acts on it is not told at once again";
  loop.Advance(1'500'000);
  ASSERT_TRUE(next->response);
  EXPECT_EQ(next->json()["commands"].as_array().size(), 1u);
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

}  // namespace
}  // namespace rw::server
