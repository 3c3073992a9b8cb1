// What runs say: journals, children, logs and those who follow them, warnings, system metrics.
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

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
  EXPECT_EQ(json::Write(metric["values"]), R"(["NaN",2,5])");
  EXPECT_EQ(json::Write(metric["steps"]), "[null,3,null]");
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
  EXPECT_EQ(json::Write(read["metrics"].as_array()[0]["values"]), "[0,1,2,3,5]");
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

}  // namespace
}  // namespace rw::server
