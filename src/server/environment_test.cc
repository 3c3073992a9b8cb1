// Environments for runs: warm, resolved once, built once, shared, failed.
#include <gtest/gtest.h>

#include "meta/environments.h"
#include "server/testing/environment_fixture.h"

namespace rw::server {
namespace {

using EnvironmentTest = testing::EnvironmentFixture;

TEST_F(EnvironmentTest, AKnownInterpreterIsReadyAtOnce) {
  auto ready = core->environments().Ready(json::Value());
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->interpreter, "/fake/python3");
  EXPECT_EQ(ready->build_id, "");
  EXPECT_EQ(ready->path_prepend, std::vector<std::string>{"/fake"});
  auto asked = Ask(json::Value());
  EXPECT_TRUE(asked->answer && *asked->answer) << "before Prepare returned";
}

TEST_F(EnvironmentTest, AnUnknownInterpreterIsAskedOffTheLoop) {
  installer.known_at_once = false;
  installer.hold = true;
  StartCore();  // asks for the default at once, and waits
  EXPECT_FALSE(core->environments().Ready(json::Value()));
  auto asked = Ask(json::Value());
  EXPECT_FALSE(asked->answer);
  installer.Release();
  loop.Advance(1000);
  ASSERT_TRUE(asked->answer && *asked->answer);
  EXPECT_TRUE(core->environments().Ready(json::Value()));
}

TEST_F(EnvironmentTest, WhatAnInterpreterHasDecidesItsShims) {
  auto profiles = std::make_shared<env::Profiles>();
  profiles->shims.push_back(
      {"sklearn_externals", "scikit-learn", *env::ReleaseRange::Parse(">=0.23")});
  options.profiles = profiles;
  installer.packages = std::vector<std::string>{"scikit-learn==1.2.2"};
  StartCore();
  auto ready = core->environments().Ready(json::Value());
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->shims, std::vector<std::string>{"sklearn_externals"});
  installer.packages = std::vector<std::string>{"scikit-learn==0.20.3"};
  EXPECT_TRUE(core->environments().Ready(json::Value())->shims.empty());
  json::Value exact;
  exact.Set("kind", "interpreter").Set("resolver", "exact");
  installer.packages = std::vector<std::string>{"scikit-learn==1.2.2"};
  EXPECT_TRUE(core->environments().Ready(exact)->shims.empty());
  // Something was installed: it is asked again, and a run waits for that.
  installer.packages = std::nullopt;
  installer.packages_found = {"scikit-learn==1.3.0"};
  EXPECT_FALSE(core->environments().Ready(json::Value()));
  EXPECT_EQ(Get(json::Value())->shims, std::vector<std::string>{"sklearn_externals"});
}

TEST_F(EnvironmentTest, AMissingInterpreterIsTheUsersError) {
  json::Value spec;
  spec.Set("kind", "interpreter").Set("interpreter_path", "/none/python");
  auto answer = Get(spec);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kNotFound);
}

TEST_F(EnvironmentTest, CheckNamesTheFieldOfTheRequest) {
  auto checked = core->environments().Check(Pip("six --pre"));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().field(), "environment.requirements[1]");
}

TEST_F(EnvironmentTest, BuiltOnceThenWarmAlsoAfterARestart) {
  auto first = Get(Pip("six==1.0"));
  ASSERT_TRUE(first) << first.error().ToString();
  EXPECT_EQ(first->interpreter, "/fake/builds/" + first->build_id + "/bin/python");
  EXPECT_EQ(first->python, "3.11.7");
  EXPECT_EQ(first->lock_artifact.name, "azureml-logs/environment.lock");
  auto blob = core->context().blobs.Size(*cas::Digest::Parse(first->lock_artifact.digest));
  EXPECT_TRUE(blob) << "the lock is a blob";
  auto again = Ask(Pip(" six == 1.0 # same"));
  StartCore();
  auto warm = core->environments().Ready(Pip("six==1.0"));
  ASSERT_TRUE(warm);
  EXPECT_EQ(warm->build_id, first->build_id);
  EXPECT_EQ(warm->lock_artifact.size, first->lock_artifact.size);
  EXPECT_EQ(installer.resolves, 1);
  EXPECT_EQ(installer.builds, 1);
}

TEST_F(EnvironmentTest, FiveWaitingRunsShareOneBuildAndItsLog) {
  installer.hold = true;
  std::vector<std::shared_ptr<Asked>> runs;
  for (int i = 0; i < 5; i++) {
    runs.push_back(Ask(Pip("six"), "r" + std::to_string(i)));
    loop.Advance(1000);
  }
  installer.Release();
  loop.Advance(1'000'000);
  for (const auto& run : runs) {
    ASSERT_TRUE(run->answer && *run->answer);
    EXPECT_EQ(run->log, runs[0]->log);
  }
  EXPECT_EQ(installer.resolves, 1);
  EXPECT_EQ(installer.builds, 1);
  EXPECT_NE(runs[4]->log.find("Resolving 1 requirement for Python 3.11.7\n"), std::string::npos)
      << runs[4]->log;
}

TEST_F(EnvironmentTest, WaitingRunsSayWhatIsBeingDone) {
  installer.hold = true;
  auto asked = Ask(Pip("six"), "r1");
  installer.Release();  // the choice of a Python
  installer.hold = true;
  loop.Advance(1000);
  EXPECT_EQ(core->environments().WaitsFor(RunId("r1")), "resolving 1 requirement");
  installer.Release();
  installer.hold = true;
  loop.Advance(1000);
  EXPECT_EQ(core->environments().WaitsFor(RunId("r1")), "installing 2 packages");
  installer.Release();
  loop.Advance(1'000'000);
  EXPECT_TRUE(asked->answer && *asked->answer);
  EXPECT_EQ(core->environments().WaitsFor(RunId("r1")), "");
}

TEST_F(EnvironmentTest, TwoEnvironmentsOfOneLockShareTheBuild) {
  installer.hold = true;
  auto a = Ask(Pip("six", "3.11"), "a");
  auto b = Ask(Pip("six"), "b");
  for (int i = 0; i < 10; i++) {
    installer.Release();
    installer.hold = i < 2;  // both are resolved before the build ends
    loop.Advance(10'000);
  }
  ASSERT_TRUE(a->answer && *a->answer && b->answer && *b->answer) << a->log << b->log;
  EXPECT_EQ((*a->answer)->build_id, (*b->answer)->build_id);
  EXPECT_NE((*a->answer)->env_id, (*b->answer)->env_id);
  EXPECT_EQ(installer.builds, 1);
}

TEST_F(EnvironmentTest, ALockIsKeptForEver) {
  auto first = Get(Pip("six"));
  ASSERT_TRUE(first);
  installer.published.clear();  // the folder of the build went away
  EXPECT_FALSE(core->environments().Ready(Pip("six")));
  auto asked = Ask(Pip("six"));
  loop.Advance(1'000'000);
  ASSERT_TRUE(asked->answer && *asked->answer);
  EXPECT_EQ((*asked->answer)->build_id, first->build_id);
  EXPECT_EQ(installer.resolves, 1);
  EXPECT_EQ(installer.builds, 2);
  EXPECT_NE(asked->log.find("Using the lock of "), std::string::npos) << asked->log;
}

TEST_F(EnvironmentTest, AFailureReachesEveryRunAndIsTriedAnewByTheNext) {
  installer.failures.emplace("bad==1", Error(Code::kInvalidArgument, "cannot resolve bad: no"));
  auto a = Ask(Pip("bad==1"), "a");
  auto b = Ask(Pip("bad==1"), "b");
  loop.Advance(1'000'000);
  for (const auto& run : {a, b}) {
    ASSERT_TRUE(run->answer);
    EXPECT_EQ((*run->answer).error().message(), "cannot resolve bad: no");
  }
  auto listed = Do("GET", "/api/v1/builds").json()["items"].as_array();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].StringOr("state"), "Failed");
  EXPECT_EQ(listed[0].StringOr("error"), "cannot resolve bad: no");
  installer.failures.clear();
  EXPECT_TRUE(Get(Pip("bad==1")));
}

TEST_F(EnvironmentTest, ABuildWithoutRoomWaitsAndGoesOnByItself) {
  core->context().options.free_bytes = [](const std::string&) { return 42; };
  installer.failures.emplace("six==1.0", Error(Code::kNoSpace, "cannot build: No space left"));
  json::Value body;
  body.Set("experiment", "full").Set("command", "true").Set("environment", Pip("six==1.0"));
  auto run =
      Do("POST", "/api/v1/workspaces/" + MakeWorkspace() + "/runs", json::Write(body)).json();
  std::string path = "/api/v1/runs/" + run.StringOr("id");
  loop.Advance(30'000'000);
  auto waiting = Do("GET", path).json();
  EXPECT_EQ(waiting.StringOr("status"), "Preparing");
  EXPECT_EQ(waiting["reason"].StringOr("text"),
            "disk of /fake/builds full, 42 bytes free: free space; it goes on by itself");
  installer.failures.clear();
  loop.Advance(60'000'000);
  EXPECT_EQ(Do("GET", path).json().StringOr("status"), "Starting");
  EXPECT_EQ(installer.published.size(), 1u);
}

TEST_F(EnvironmentTest, AForgottenRunHearsNothingMore) {
  installer.hold = true;
  auto a = Ask(Pip("six"), "a");
  auto b = Ask(Pip("six"), "b");
  core->environments().Forget(RunId("a"));
  installer.Release();
  loop.Advance(1'000'000);
  EXPECT_FALSE(a->answer);
  EXPECT_TRUE(b->answer && *b->answer);
}

TEST_F(EnvironmentTest, AMissingPythonIsAWarningAlsoWhenWarm) {
  auto first = Get(Pip("six", "3.6.2"));
  ASSERT_TRUE(first);
  ASSERT_EQ(first->warnings.size(), 1u);
  EXPECT_EQ(first->warnings[0].message, "Python 3.6.2 is not installed; using 3.11.7, the nearest");
  EXPECT_EQ(core->environments().Ready(Pip("six", "3.6.2"))->warnings.size(), 1u);
}

TEST_F(EnvironmentTest, SubstitutionsAreWarningsAlsoWhenWarmAndAfterARestart) {
  installer.substitutions = {"six==1.0 → six==1.1: 1.0 is gone"};
  json::Value spec = Pip("six==1.0");
  auto first = Get(spec);
  ASSERT_TRUE(first);
  StartCore();
  for (const auto& ready : {core->environments().Ready(spec), std::optional(*first)}) {
    ASSERT_TRUE(ready);
    ASSERT_EQ(ready->warnings.size(), 1u);
    EXPECT_EQ(ready->warnings[0].source, "environment");
    EXPECT_EQ(ready->warnings[0].message, installer.substitutions[0]);
  }
}

TEST_F(EnvironmentTest, WhatWasDecidedBeforeAFailureIsAWarningOfItsRun) {
  installer.failures.emplace("bad==1", Error(Code::kInvalidArgument, "cannot resolve bad: no"));
  installer.substitutions = {"six==1.0 → six==1.1: 1.0 is gone"};
  json::Value body;
  body.Set("experiment", "refused")
      .Set("command", "true")
      .Set("environment", Pip("bad==1 six==1.0"));
  auto run =
      Do("POST", "/api/v1/workspaces/" + MakeWorkspace() + "/runs", json::Write(body)).json();
  loop.Advance(1'000'000);
  auto ended = Do("GET", "/api/v1/runs/" + run.StringOr("id")).json();
  EXPECT_EQ(ended.StringOr("status"), "Failed") << json::Write(run);
  EXPECT_EQ(
      json::Write(ended["warnings"]).find("six==1.0 → six==1.1: 1.0 is gone") != std::string::npos,
      true)
      << json::Write(ended["warnings"]);
}

TEST_F(EnvironmentTest, NothingToInstallNeedsNoResolver) {
  auto asked = Ask(Pip("azureml-defaults"));
  loop.Advance(1'000'000);
  ASSERT_TRUE(asked->answer && *asked->answer);
  EXPECT_EQ(installer.resolves, 0);
  EXPECT_EQ((*asked->answer)->lock_artifact.name, "");
  EXPECT_NE(asked->log.find("azureml-defaults is answered by Runwright's own SDK"),
            std::string::npos);
}

TEST_F(EnvironmentTest, AServerThatEndsWhileBuildingLeavesAFailureAndBuildsAnew) {
  installer.hold = true;
  Ask(Pip("six"));
  for (int held = 0; held < 2; held++) {  // the choice of a Python, the lock
    installer.Release();
    installer.hold = true;
    loop.Advance(1000);
  }
  ASSERT_EQ(installer.builds, 1) << "in work";
  StartCore();
  loop.Advance(1000);
  auto listed = Do("GET", "/api/v1/builds").json()["items"].as_array();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].StringOr("state"), "Failed");
  installer.hold = false;
  ASSERT_TRUE(Get(Pip("six")));
  EXPECT_EQ(installer.resolves, 1);
}

TEST_F(EnvironmentTest, BuildsShowLockAndLog) {
  auto ready = Get(Pip("six==1.0 idna==2"));
  ASSERT_TRUE(ready);
  auto one = Do("GET", "/api/v1/builds/" + ready->env_id).json();
  EXPECT_EQ(one.StringOr("state"), "Ready");
  EXPECT_EQ(one.StringOr("lock"), "idna==2\nsix==1.0\n");
  EXPECT_EQ(one["packages"].as_array().size(), 2u);
  EXPECT_NE(one.StringOr("log").find("Published"), std::string::npos);
  EXPECT_EQ(Do("GET", "/api/v1/builds/" + ready->env_id.substr(0, 8)).status(), 200);
  EXPECT_EQ(Do("GET", "/api/v1/builds/none").status(), 404);
}

TEST_F(EnvironmentTest, NamedEnvironmentsHaveVersions) {
  std::string all = "/api/v1/workspaces/" + MakeWorkspace() + "/environments";
  std::string body =
      R"({"name":"train","definition":{"python":{}},"spec":{"kind":"pip","requirements":["six"]}})";
  auto first = Do("POST", all, body);
  EXPECT_EQ(first.status(), 201) << first.response->body.bytes;
  EXPECT_EQ(first.json().StringOr("version"), "1");
  EXPECT_EQ(Do("POST", all, body).json().StringOr("version"), "1");
  std::string changed =
      R"({"name":"train","definition":{"python":{"a":1},"version":"1"},"spec":{"kind":"pip"}})";
  EXPECT_EQ(Do("POST", all, changed).json().StringOr("version"), "2");
  EXPECT_EQ(Do("GET", all + "/train").json().StringOr("version"), "2");
  EXPECT_EQ(Do("GET", all + "/train?version=1").json()["spec"]["requirements"].as_array().size(),
            1u);
  EXPECT_EQ(Do("GET", all).json()["items"].as_array().size(), 1u);
  EXPECT_EQ(Do("GET", all + "/none").status(), 404);
  EXPECT_EQ(Do("POST", all, R"({"name":"x","spec":{"kind":"docker"}})").status(), 400);
}

}  // namespace
}  // namespace rw::server
