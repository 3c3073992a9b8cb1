#include "server/core.h"

#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class CoreTest : public testing::CoreFixture {};

TEST_F(CoreTest, EveryRouteButThePublicOnesNeedsAToken) {
  EXPECT_EQ(Do("GET", "/healthz", "", "").status(), 200);
  for (const auto& route : core->router().routes()) {
    if (route.access == Access::kPublic) continue;
    std::string path = route.pattern;
    for (size_t open; (open = path.find('{')) != std::string::npos;)
      path.replace(open, path.find('}') - open + 1, "x");
    EXPECT_EQ(Do(route.method, path, "", "").status(), 401) << route.method << " " << path;
    EXPECT_EQ(Do(route.method, path, "", "wrong").status(), 401) << route.method << " " << path;
  }
  EXPECT_EQ(Do("GET", "/nowhere", "", "").status(), 401);
}

TEST_F(CoreTest, UnknownPathsAndMethods) {
  EXPECT_EQ(Do("GET", "/nowhere").status(), 404);
  auto answer = Do("DELETE", "/api/v1/workspaces");
  EXPECT_EQ(answer.status(), 405);
  EXPECT_EQ(answer.response->headers["Allow"], "GET, POST");
}

TEST_F(CoreTest, BodiesThatAreNoJsonObjectAreNamed) {
  EXPECT_EQ(Do("POST", "/api/v1/workspaces", "{").status(), 400);
  EXPECT_EQ(Do("POST", "/api/v1/workspaces", "[]").status(), 400);
  auto answer = Do("POST", "/api/v1/workspaces", R"({"name":7})");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_EQ(answer.json()["error"].StringOr("field"), "name");
}

TEST_F(CoreTest, AnAnswerToAChangeComesAfterItsCommit) {
  auto answer = Begin("POST", "/api/v1/workspaces", R"({"name":"ws"})");
  loop.Advance(99);
  EXPECT_FALSE(answer->response);
  loop.Advance(1);
  EXPECT_EQ(answer->status(), 201);
}

TEST_F(CoreTest, AStoppingServerRefusesAndCountsWhatIsAtHand) {
  auto answer = Begin("POST", "/api/v1/workspaces", R"({"name":"ws"})");
  core->BeginStop();
  EXPECT_EQ(core->RequestsAtHand(), 1u);
  EXPECT_EQ(Do("GET", "/healthz").status(), 503);
  loop.Advance(1000);
  EXPECT_EQ(answer->status(), 201);
  EXPECT_EQ(core->RequestsAtHand(), 0u);
}

TEST_F(CoreTest, WorkspacesByTheirKeys) {
  std::string body = R"({"name":"ws","subscription_id":"s","resource_group":"g"})";
  auto made = Do("POST", "/api/v1/workspaces", body);
  EXPECT_EQ(made.status(), 201);
  EXPECT_EQ(Do("POST", "/api/v1/workspaces", body).status(), 409);
  body.insert(body.size() - 1, R"(,"exist_ok":true)");
  EXPECT_EQ(Do("POST", "/api/v1/workspaces", body).status(), 200);
  auto list = Do("GET", "/api/v1/workspaces?name=ws&subscription_id=s&resource_group=g");
  EXPECT_EQ(list.json()["items"].as_array().size(), 1u);
  EXPECT_EQ(Do("GET", "/api/v1/workspaces/" + made.json().StringOr("id")).status(), 200);
  EXPECT_EQ(Do("GET", "/api/v1/workspaces/none").status(), 404);
  EXPECT_EQ(Do("POST", "/api/v1/workspaces", R"({"name":"w"})").json()["error"].StringOr("field"),
            "name");
}

TEST_F(CoreTest, ExperimentsArePaged) {
  std::string all = "/api/v1/workspaces/" + MakeWorkspace() + "/experiments";
  for (const char* name : {"one", "two", "three"})
    EXPECT_EQ(Do("POST", all, std::string("{\"name\":\"") + name + "\"}").status(), 201);
  EXPECT_EQ(Do("POST", all, R"({"name":"one"})").status(), 200);
  EXPECT_EQ(Do("POST", all, R"({"name":"no spaces"})").status(), 400);
  auto first = Do("GET", all + "?limit=2").json();
  EXPECT_EQ(first["items"].as_array().size(), 2u);
  auto second = Do("GET", all + "?limit=2&cursor=" + first.StringOr("next_cursor")).json();
  EXPECT_EQ(second["items"].as_array().size(), 1u);
  EXPECT_TRUE(second["next_cursor"].is_null());
  EXPECT_EQ(Do("GET", all + "?limit=0").status(), 400);
  EXPECT_EQ(Do("GET", all + "/one").status(), 200);
  EXPECT_EQ(Do("GET", all + "/four").status(), 404);
}

TEST_F(CoreTest, StopIsTheOwners) {
  InsertRun("r1", "w");
  ASSERT_TRUE(Auth::InsertRunToken(*db, "runtoken", "r1", "w", "a1", 1));
  EXPECT_EQ(Do("POST", "/api/v1/server/stop", "", "runtoken").status(), 403);
  EXPECT_EQ(Do("POST", "/api/v1/server/stop").status(), 202);
}

TEST_F(CoreTest, TheSchemaIsServed) {
  auto answer = Do("GET", "/api/v1/openapi.yaml");
  EXPECT_EQ(answer.response->body.bytes.substr(0, 8), "openapi:");
}

}  // namespace
}  // namespace rw::server
