#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

using testing::Answer;

class SecretTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    ws = MakeWorkspace();
    url = "/api/v1/workspaces/" + ws + "/secrets";
  }
  /// Of a run of the workspace.
  std::string RunToken() {
    InsertRun("r1", ws);
    std::string token(64, 'b');
    EXPECT_TRUE(Auth::InsertRunToken(*db, token, "r1", ws, "a1", 1));
    return token;
  }
  std::string ws;
  std::string url;
};

TEST_F(SecretTest, SetGetListDelete) {
  EXPECT_EQ(Do("PUT", url + "/db-password", R"({"value":"s3cr\u00e9t\n"})").status(), 201);
  EXPECT_EQ(Do("PUT", url + "/Api-Key", R"({"value":""})").status(), 201);
  Answer got = Do("GET", url + "/db-password");
  EXPECT_EQ(got.json().StringOr("value"), "s3cr\u00e9t\n");
  EXPECT_EQ(got.response->headers["Cache-Control"], "no-store");
  Answer listed = Do("GET", url);
  ASSERT_EQ(listed.json()["items"].as_array().size(), 2u);
  EXPECT_EQ(listed.response->body.bytes.find("value"), std::string::npos);
  EXPECT_EQ(Do("DELETE", url + "/db-password").status(), 200);
  EXPECT_EQ(Do("GET", url + "/db-password").status(), 404);
  EXPECT_EQ(Do("DELETE", url + "/db-password").status(), 404);
}

TEST_F(SecretTest, NamesAreEqualWithoutRegardToCase) {
  EXPECT_EQ(Do("PUT", url + "/Token", R"({"value":"one"})").status(), 201);
  EXPECT_EQ(Do("PUT", url + "/TOKEN", R"({"value":"two"})").status(), 200);
  EXPECT_EQ(Do("GET", url + "/token").json().StringOr("value"), "two");
  EXPECT_EQ(Do("GET", url).json()["items"].as_array().size(), 1u);
}

TEST_F(SecretTest, LimitsAreNamed) {
  std::string most(25'600, 'x');
  EXPECT_EQ(Do("PUT", url + "/big", R"({"value":")" + most + R"("})").status(), 201);
  EXPECT_EQ(Do("PUT", url + "/big", R"({"value":")" + most + R"(x"})").status(), 413);
  EXPECT_EQ(Do("GET", url + "/big").json().StringOr("value"), most);
  for (const std::string& name : {std::string("a_b"), std::string("a%20b"), std::string(128, 'a')})
    EXPECT_EQ(Do("PUT", url + "/" + name, R"({"value":"x"})").status(), 400) << name;
  EXPECT_EQ(Do("PUT", url + "/" + std::string(127, 'a'), R"({"value":"x"})").status(), 201);
  EXPECT_EQ(Do("PUT", url + "/a", R"({"value":7})").status(), 400);
  EXPECT_EQ(Do("PUT", "/api/v1/workspaces/nowhere/secrets/a", R"({"value":"x"})").status(), 404);
}

TEST_F(SecretTest, ARunReadsThoseOfItsWorkspaceAndWritesNone) {
  ASSERT_EQ(Do("PUT", url + "/key", R"({"value":"v"})").status(), 201);
  std::string token = RunToken();
  EXPECT_EQ(Do("GET", url + "/key", "", token).json().StringOr("value"), "v");
  EXPECT_EQ(Do("GET", url, "", token).status(), 200);
  EXPECT_EQ(Do("PUT", url + "/key", R"({"value":"w"})", token).status(), 403);
  EXPECT_EQ(Do("DELETE", url + "/key", "", token).status(), 403);
  std::string other = Do("POST", "/api/v1/workspaces", R"({"name":"other"})").json().StringOr("id");
  EXPECT_EQ(Do("GET", "/api/v1/workspaces/" + other + "/secrets/key", "", token).status(), 403);
}

TEST_F(SecretTest, ValuesAreSealedAtRest) {
  ASSERT_EQ(Do("PUT", url + "/key", R"({"value":"plain-as-day"})").status(), 201);
  auto row = *db->Prepare("SELECT sealed FROM secrets");
  ASSERT_TRUE(*row.Step());
  EXPECT_EQ(row.Text(0).find("plain"), std::string::npos);
  EXPECT_EQ(fs.Stat("/data/secrets.key")->mode & 0777, 0600u);
  StartCore();
  EXPECT_EQ(Do("GET", url + "/key").json().StringOr("value"), "plain-as-day");
}

TEST_F(SecretTest, ALostKeyIsNamedAndNotReplaced) {
  ASSERT_EQ(Do("PUT", url + "/key", R"({"value":"v"})").status(), 201);
  StartCore();
  ASSERT_TRUE(fs.Remove("/data/secrets.key"));
  Answer got = Do("GET", url + "/key");
  EXPECT_EQ(got.status(), 500);
  EXPECT_NE(got.response->body.bytes.find("/data/secrets.key"), std::string::npos);
  EXPECT_EQ(Do("PUT", url + "/other", R"({"value":"v"})").status(), 500);
  EXPECT_FALSE(os::Exists(fs, "/data/secrets.key"));
}

}  // namespace
}  // namespace rw::server
