// Runs without an executor: what tells that their process lives, and what proves that it is gone.
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

class InteractiveTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    Settle();
  }
  void Settle() {
    core->context().options.life_of_process = [this](const LoggingProcess& process) {
      auto at = lives.find(process.pid);
      return at == lives.end() ? backend::Life::kUnknown : at->second;
    };
  }
  std::string Begin(const std::string& id, int64_t pid) {
    auto answer = Do("POST", "/api/v1/workspaces/" + ws + "/runs",
                     R"({"experiment":"notebook","run_id":")" + id + R"(","process":)" +
                         ProcessText(id, pid) + "}");
    EXPECT_EQ(answer.status(), 201) << answer.response->body.bytes;
    return id;
  }
  static std::string ProcessText(const std::string& id, int64_t pid) {
    LoggingProcess process{"laptop", pid, 5, "boot", "pid:[1]", "/home/" + id};
    return json::Write(process.ToJson());
  }
  testing::Answer Beat(const std::string& id, int64_t pid) {
    return Do("POST", "/api/v1/runs/" + id + "/heartbeat",
              R"({"process":)" + ProcessText(id, pid) + "}");
  }
  void Leave(const std::string& id, const std::string& journal,
             const std::string& writer = "00000000000000aa") {
    ASSERT_TRUE(fs.MakeDirs("/home/" + id + "/journal"));
    ASSERT_TRUE(os::WriteFileAtomically(
        fs, "/home/" + id + "/run.json",
        R"({"kind":"interactive","run_id":")" + id + R"(","outputs":null})"));
    ASSERT_TRUE(
        os::WriteFileAtomically(fs, "/home/" + id + "/journal/" + writer + ".rwj", journal));
  }

  std::map<int64_t, backend::Life> lives;
};

TEST_F(InteractiveTest, SilenceIsNotRespondingAndSaysWhatToDo) {
  std::string id = Begin("nb1", 11);
  for (int i = 0; i < 5; i++) {
    loop.Advance(60'000'000);
    auto beat = Beat(id, 11);
    EXPECT_EQ(beat.json().IntOr("seconds", 0), 30);
    EXPECT_FALSE(beat.json().BoolOr("over", true));
  }
  EXPECT_EQ(StatusOf(id), "Running");
  loop.Advance(95'000'000);
  EXPECT_EQ(StatusOf(id), "NotResponding");
  std::string reason = Run(id)["reason"].StringOr("text");
  EXPECT_NE(reason.find("pid 11 on laptop"), std::string::npos) << reason;
  EXPECT_NE(reason.find("`runwright sync nb1` on laptop"), std::string::npos) << reason;
  Beat(id, 11);
  loop.Advance(1000);
  EXPECT_EQ(StatusOf(id), "Running") << "the laptop is awake again";
  EXPECT_TRUE(Run(id)["reason"].is_null());
  loop.Advance(80'000'000);
  StartCore();
  Settle();
  loop.Advance(80'000'000);
  EXPECT_EQ(StatusOf(id), "Running") << "clocks begin anew with the server";
  loop.Advance(20'000'000);
  EXPECT_EQ(StatusOf(id), "NotResponding");
  EXPECT_EQ(Do("POST", "/api/v1/runs/" + id + "/end", R"({"status":"Completed"})").status(), 200);
  EXPECT_TRUE(Beat(id, 11).json().BoolOr("over", false));
}

TEST_F(InteractiveTest, ALivingProcessIsNeverTakenForDead) {
  std::string id = Begin("nb1", 11);
  lives[11] = backend::Life::kAlive;
  loop.Advance(200'000'000);
  EXPECT_EQ(StatusOf(id), "NotResponding");
  std::string reason = Run(id)["reason"].StringOr("text");
  EXPECT_NE(reason.find("it is there, but stopped or cut off"), std::string::npos) << reason;
}

TEST_F(InteractiveTest, ADeadProcessEndsItsRunAfterWhatItLeftWasTakenIn) {
  std::string id = Begin("nb1", 11);
  JournalText journal(id);
  for (int i = 0; i < 10; i++) journal.Number("x", i);
  journal.Json(journal::Kind::kChild, R"({"run_id":"nb1_c","parent_id":"nb1"})");
  Leave(id, journal.bytes);
  lives[11] = backend::Life::kDead;
  loop.Advance(3'000'000);
  auto run = Run(id);
  EXPECT_EQ(run.StringOr("status"), "Failed");
  EXPECT_EQ(run["error"].StringOr("message"),
            "The process that logged this run (pid 11 on laptop) ended without complete() or "
            "fail().");
  EXPECT_EQ(run["error"].StringOr("next_step"), "All that it logged is here.");
  EXPECT_EQ(Metrics(id).as_array()[0]["values"].as_array().size(), 10u);
  EXPECT_EQ(StatusOf("nb1_c"), "Failed");
  EXPECT_TRUE(Beat(id, 11).json().BoolOr("over", false));
}

TEST_F(InteractiveTest, WhatItSaidLastCounts) {
  std::string id = Begin("nb1", 11);
  JournalText journal(id);
  journal.Number("x", 1);
  journal.Json(journal::Kind::kEnd, R"({"status":"Completed"})");
  Leave(id, journal.bytes);
  StartCore();  // it ended while the server was away
  Settle();
  lives[11] = backend::Life::kDead;
  loop.Advance(3'000'000);
  EXPECT_EQ(StatusOf(id), "Completed");
}

TEST_F(InteractiveTest, AForkedProcessKeepsTheRunOpen) {
  std::string id = Begin("nb1", 11);
  JournalText main(id);
  Leave(id, main.bytes);
  std::string forked(journal::kFileHeader);
  journal::AppendRecord({0, 5, 5, journal::Kind::kOpen,
                         R"({"boot_id":"boot","pid":12,"start_ticks":9,"run_id":"nb1"})"},
                        forked);
  Leave(id, forked, "00000000000000bb");
  lives[11] = backend::Life::kDead;
  lives[12] = backend::Life::kAlive;
  loop.Advance(300'000'000);
  EXPECT_EQ(StatusOf(id), "Running");
  lives[12] = backend::Life::kDead;
  loop.Advance(10'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
}

TEST_F(InteractiveTest, AFolderThatIsNotTheRunsIsNotRead) {
  std::string id = Begin("nb1", 11);
  JournalText journal(id);
  journal.Number("x", 1);
  Leave(id, journal.bytes);
  ASSERT_TRUE(os::WriteFileAtomically(fs, "/home/nb1/run.json",
                                      R"({"kind":"interactive","run_id":"other"})"));
  lives[11] = backend::Life::kDead;
  loop.Advance(3'000'000);
  EXPECT_EQ(StatusOf(id), "Failed");
  EXPECT_TRUE(Metrics(id).as_array().empty());
  EXPECT_NE(Run(id)["error"].StringOr("next_step").find("`runwright sync nb1` on laptop"),
            std::string::npos);
}

TEST_F(InteractiveTest, OnlyWhatMakesSenseIsTaken) {
  std::string id = Begin("nb1", 11);
  std::string beat = "/api/v1/runs/" + id + "/heartbeat";
  for (const char* body :
       {"{}", R"({"process":7})", R"({"process":{"host":"h","pid":0}})",
        R"({"process":{"host":"","pid":7}})", R"({"process":{"host":"h","pid":7,"folder":"x"}})"})
    EXPECT_EQ(Do("POST", beat, body).status(), 400) << body;
  std::string submitted = SubmitId();
  EXPECT_EQ(Beat(submitted, 11).status(), 412);
  EXPECT_EQ(Beat("none", 11).status(), 404);
  EXPECT_EQ(Submit(R"(,"process":{"host":"h","pid":7})").status(), 400);
}

}  // namespace
}  // namespace rw::server
