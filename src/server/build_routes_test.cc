// Builds without runs, and collections of builds alone.
#include <gtest/gtest.h>

#include "meta/environments.h"
#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class BuildRoutesTest : public testing::CoreFixture {
 protected:
  static inline const std::string pip = R"({"spec":{"kind":"pip","requirements":["six==1.0"]}})";
  testing::Answer Build(const std::string& body = pip) {
    return Do("POST", "/api/v1/builds", body);
  }
};

TEST_F(BuildRoutesTest, ABuildIsBegunAndThenReady) {
  installer.hold = true;
  testing::Answer begun = Build();
  EXPECT_EQ(begun.status(), 202) << begun.response->body.bytes;
  EXPECT_EQ(begun.json().StringOr("state"), "Resolving");
  std::string env_id = begun.json().StringOr("env_id");
  json::Value now = Do("GET", "/api/v1/builds/" + env_id).json();
  EXPECT_GT(now.IntOr("log_bytes", 0), 10);
  json::Value rest = Do("GET", "/api/v1/builds/" + env_id + "?log_from=10").json();
  EXPECT_EQ(rest.StringOr("log"), now.StringOr("log").substr(10));
  installer.Release();
  loop.Advance(1'000'000);
  testing::Answer ready = Build();
  EXPECT_EQ(ready.status(), 200);
  EXPECT_EQ(ready.json().StringOr("state"), "Ready");
  now = Do("GET", "/api/v1/builds/" + env_id.substr(0, 8)).json();
  EXPECT_EQ(now.StringOr("folder"), "/fake/builds/" + now.StringOr("build_id"));
  EXPECT_EQ(now["spec"].StringOr("kind"), "pip");
  EXPECT_EQ(Do("GET", "/api/v1/builds/" + now.StringOr("build_id").substr(0, 8)).status(), 200);
}

TEST_F(BuildRoutesTest, AWaitingCallerHearsTheNextNewsAtOnce) {
  installer.hold = true;
  std::string path = "/api/v1/builds/" + Build().json().StringOr("env_id");
  json::Value now = Do("GET", path).json();
  path += "?wait_ms=20000&news=" + std::to_string(now.IntOr("news", 0)) +
          "&log_from=" + std::to_string(now.IntOr("log_bytes", 0));
  auto waiting = Begin("GET", path);
  loop.Advance(19'000'000);
  EXPECT_EQ(waiting->status(), 0) << "nothing is new";
  loop.Advance(2'000'000);
  EXPECT_EQ(waiting->json().StringOr("log"), "") << "answered all the same in the end";
  waiting = Begin("GET", path);
  installer.Release();
  loop.Advance(1000);
  EXPECT_GT(waiting->json().IntOr("news", 0), now.IntOr("news", 0));
  loop.Advance(1'000'000);
  EXPECT_EQ(Do("GET", path).json().StringOr("state"), "Ready") << "its maker waits for nothing";
}

TEST_F(BuildRoutesTest, InterpretersAndErrorsAnswerAtOnce) {
  testing::Answer own = Build("{}");
  EXPECT_EQ(own.status(), 200) << own.response->body.bytes;
  EXPECT_EQ(own.json().StringOr("interpreter"), "/fake/python3");
  EXPECT_EQ(Build(R"({"spec":{"kind":"interpreter","interpreter_path":"/no"}})").status(), 404);
  EXPECT_EQ(Build(R"({"spec":{"kind":"pip","requirements":["--x"]}})").status(), 400);
  EXPECT_EQ(Do("POST", "/api/v1/builds/examination", "{}").json().BoolOr("healthy", false), true);
}

TEST_F(BuildRoutesTest, OnlyBuildsAreCollectedWhereThatIsAsked) {
  Build();
  loop.Advance(1'000'000);
  auto row = meta::EnvLockRepository(*db).List();
  ASSERT_TRUE(row && row->size() == 1);
  std::string folder = core->context().paths.env + "/builds/" + (*row)[0].build_id;
  ASSERT_TRUE(fs.MakeDirs(folder));
  auto collect = [&](const std::string& more) {
    return Do("POST", "/api/v1/server/gc", R"({"only":"builds","build_days":0)" + more + "}");
  };
  json::Value dry = collect(R"(,"dry_run":true)").json();
  ASSERT_EQ(dry["builds"].as_array().size(), 1u);
  EXPECT_TRUE(dry["builds"].as_array()[0].BoolOr("removed", false));
  EXPECT_EQ(collect("").json()["removed"]["builds"].IntOr("count", 0), 1);
  EXPECT_EQ(Do("POST", "/api/v1/server/gc", R"({"only":"runs"})").status(), 400);
  EXPECT_EQ(Do("POST", "/api/v1/server/gc", R"({"only":"builds","build_days":-1})").status(), 400);
}

}  // namespace
}  // namespace rw::server
