#include "server/auth.h"

#include "server/testing/core_fixture.h"

namespace rw::server {
namespace {

class AuthTest : public testing::CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    InsertRun("root", "w");
    InsertRun("child", "w", "root");
    InsertRun("grandchild", "w", "child");
    InsertRun("other", "w");
    ASSERT_TRUE(Auth::InsertRunToken(*db, "t", "child", "w", "a", 1));
    child_ = *auth().PrincipalOf("t");
  }
  Auth& auth() { return core->context().auth; }
  net::Request WithCookie(const std::string& method, const std::string& origin) {
    net::Request request;
    request.method = method;
    request.headers["Cookie"] = "a=b; runwright_session=s";
    request.headers["Host"] = "127.0.0.1:1";
    if (!origin.empty()) request.headers["Origin"] = origin;
    return request;
  }
  Principal child_;
};

TEST_F(AuthTest, TokensAreNotStored) {
  auto row = *db->Prepare("SELECT count(*) FROM tokens WHERE hash=?");
  row.Bind(owner);
  ASSERT_TRUE(*row.Step());
  EXPECT_EQ(row.Int(0), 0);
  EXPECT_TRUE(auth().PrincipalOf(owner)->is_owner());
  EXPECT_EQ(auth().PrincipalOf("").error().code(), Code::kUnauthenticated);
}

TEST_F(AuthTest, ARunWritesItselfAndWhatIsBelow) {
  EXPECT_TRUE(auth().MayWriteRun(child_, "child"));
  EXPECT_TRUE(auth().MayWriteRun(child_, "grandchild"));
  EXPECT_EQ(auth().MayWriteRun(child_, "root").error().code(), Code::kPermissionDenied);
  EXPECT_EQ(auth().MayWriteRun(child_, "other").error().code(), Code::kPermissionDenied);
  EXPECT_EQ(auth().MayWriteRun(child_, "none").error().code(), Code::kNotFound);
  EXPECT_TRUE(auth().MayReadRun(child_, "other"));
  EXPECT_FALSE(auth().MayReadWorkspace(child_, "elsewhere"));
  EXPECT_EQ(auth().MayWriteRun(Principal(), "root").error().code(), Code::kPermissionDenied);
}

TEST_F(AuthTest, TokensOfARunEndWithIt) {
  ASSERT_TRUE(Auth::RevokeRunTokens(*db, "child"));
  EXPECT_FALSE(auth().PrincipalOf("t"));
}

TEST_F(AuthTest, ACookieChangesOnlyFromOurOwnPages) {
  int64_t now = loop.WallMicros();
  ASSERT_TRUE(Auth::InsertSession(*db, "s", now, now + 1000));
  EXPECT_TRUE(auth().Authenticate(WithCookie("GET", "")));
  EXPECT_FALSE(auth().Authenticate(WithCookie("POST", "")));
  EXPECT_FALSE(auth().Authenticate(WithCookie("POST", "http://evil")));
  EXPECT_TRUE(auth().Authenticate(WithCookie("POST", "http://127.0.0.1:1")));
  loop.Advance(1001);
  EXPECT_FALSE(auth().Authenticate(WithCookie("GET", "")));
}

TEST_F(AuthTest, ALoginLinkWorksOnce) {
  auto made = Do("POST", "/api/v1/login-links", R"({"path":"/runs/x"})");
  EXPECT_EQ(made.status(), 201);
  std::string url = made.json().StringOr("url");
  std::string path = url.substr(url.find("/login/"));
  auto used = Do("GET", path, "", "");
  EXPECT_EQ(used.status(), 303);
  EXPECT_EQ(used.response->headers["Location"], "/runs/x");
  EXPECT_NE(used.response->headers["Set-Cookie"].find("HttpOnly; SameSite=Strict"),
            std::string::npos);
  EXPECT_EQ(Do("GET", path, "", "").status(), 401);
  EXPECT_EQ(Do("POST", "/api/v1/login-links", R"({"path":"//evil"})").status(), 400);
}

TEST_F(AuthTest, ALoginLinkAges) {
  std::string url = Do("POST", "/api/v1/login-links").json().StringOr("url");
  loop.Advance(61'000'000);
  EXPECT_EQ(Do("GET", url.substr(url.find("/login/")), "", "").status(), 401);
}

TEST_F(AuthTest, TheFormTakesTheOwnersToken) {
  auto good = Do("POST", "/login", "next=%2Fruns%2Fx&token=" + owner, "");
  EXPECT_EQ(good.status(), 303);
  EXPECT_EQ(good.response->headers["Location"], "/runs/x");
  auto away = Do("POST", "/login", "next=%2F%2Fevil&token=" + owner, "");
  EXPECT_EQ(away.response->headers["Location"], "/");
  EXPECT_EQ(Do("POST", "/login", "token=t", "").status(), 401);
  auto bad = Do("POST", "/login", "next=%2F%22%3E&token=x", "");
  EXPECT_EQ(bad.status(), 401);
  EXPECT_NE(bad.response->body.bytes.find("value=\"/&quot;&gt;\""), std::string::npos);
}

}  // namespace
}  // namespace rw::server
