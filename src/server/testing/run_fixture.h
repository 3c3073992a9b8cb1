// A workspace with runs, an executor's side of the protocol, and journals as processes write them.
#pragma once

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cas/tree.h"
#include "journal/record.h"
#include "server/grant.h"
#include "server/testing/core_fixture.h"

namespace rw::server {

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

}  // namespace rw::server
