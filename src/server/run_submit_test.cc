// What may be submitted, and what a wrong submission is told.
#include "base/hash.h"
#include "cas/tree.h"
#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

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
      {R"(,"environment":{"kind":"docker"})", 400, "environment.kind"},
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

TEST_F(RunTest, AResumingRunIsGivenTheFilesOfTheEarlierOne) {
  auto field = [&](const std::string& from) {
    auto answer = Submit(R"(,"resume_from":)" + from);
    return std::to_string(answer.status()) + " " + answer.json()["error"].StringOr("field");
  };
  EXPECT_EQ(field(R"("x")"), "400 resume_from");
  EXPECT_EQ(field(R"({"run_id":"nobody"})"), "404 resume_from");
  std::string earlier = SubmitId();
  FakeExecutor executor = ClaimLast();
  std::string put = "/api/v1/runs/" + earlier + "/artifacts/content?name=";
  EXPECT_EQ(Do("PUT", put + "outputs/a/model.pt", "weights").status(), 201);
  EXPECT_EQ(Do("PUT", put + "other.txt", "x").status(), 201);
  Finish(executor);
  EXPECT_EQ(field(R"({"run_id":")" + earlier + R"(","path":"nothing"})"), "412 resume_from");
  EXPECT_EQ(field(R"({"run_id":")" + earlier + R"(","path":"../x"})"), "400 resume_from");
  std::string id = SubmitId(R"(,"resume_from":{"run_id":")" + earlier + "\"}");
  EXPECT_EQ(Run(id)["resume_from"].StringOr("path"), "outputs/");
  json::Value files = ClaimBy(backend.starts().back(), "c1").json()["spec"]["resume_files"];
  ASSERT_EQ(files.as_array().size(), 1u);
  EXPECT_EQ(files.as_array()[0].StringOr("path"), "a/model.pt");
  EXPECT_EQ(files.as_array()[0].StringOr("digest"), cas::Digest::Of("weights").Hex());
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

TEST_F(RunTest, AnImageWithoutPythonRunsCommandsAlone) {
  installer.without_python = true;
  auto put = [&](const std::string& bytes) {
    EXPECT_EQ(Do("PUT", "/api/v1/blobs/" + Sha256Hex(bytes), bytes).status(), 201);
  };
  put("print()");
  cas::Tree tree{{cas::EntryMode::kFile, cas::Digest::Of("print()"), 7, "train.py"}};
  put(cas::EncodeTree(tree));
  std::string snapshot = Sha256Hex(cas::EncodeTree(tree));
  json::Value named;
  named.Set("id", snapshot);
  EXPECT_EQ(Do("POST", "/api/v1/snapshots", json::Write(named)).status(), 201);
  auto submit = [&](const char* what, const char* text) {
    auto body = *json::Parse(R"({"environment":{"kind":"interpreter","image":{"name":"bare:1"}}})");
    body.Set("experiment", "exp").Set(what, text).Set("snapshot_id", snapshot);
    auto made = Do("POST", "/api/v1/workspaces/" + ws + "/runs", json::Write(body));
    EXPECT_EQ(made.status(), 201) << made.response->body.bytes;
    loop.Advance(1'000'000);
    return made.json().StringOr("id");
  };
  for (int time = 0; time < 2; time++) {  // made for the run, then warm
    std::string id = submit("script", "train.py");
    EXPECT_EQ(StatusOf(id), "Failed");
    EXPECT_EQ(Run(id)["error"].StringOr("code"), "UserError");
    std::string message = Run(id)["error"].StringOr("message");
    EXPECT_NE(message.find("image bare:1 has no Python that starts, which train.py needs"),
              std::string::npos)
        << message;
  }
  EXPECT_EQ(StatusOf(submit("command", "true")), "Starting");
}

}  // namespace
}  // namespace rw::server
