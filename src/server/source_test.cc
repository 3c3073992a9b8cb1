#include "server/testing/run_fixture.h"

namespace rw::server {
namespace {

constexpr char kSources[] = "/api/v1/server/sources";

class SourceTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    for (const char* folder : {"/srv/a", "/srv/b"}) ASSERT_TRUE(fs.MakeDirs(folder));
  }
  testing::Answer Add(const std::string& rules) {
    return Do("POST", kSources, R"({"rules":)" + rules + "}");
  }
  std::string List() { return json::Write(Do("GET", kSources).json()["items"]); }
};

TEST_F(SourceTest, AddReplaceListRemove) {
  EXPECT_EQ(Add(R"([{"prefix":"http://h/a/","folder":"/srv/a"},
                    {"prefix":"http://h","mirror":"http://m/x"}])")
                .status(),
            200);
  EXPECT_EQ(Add(R"([{"prefix":"HTTP://H:80/a","folder":"/srv/b/"}])").status(), 200);
  EXPECT_EQ(
      List(),
      R"([{"folder":"/srv/b","prefix":"http://h/a"},{"mirror":"http://m/x","prefix":"http://h"}])");
  EXPECT_EQ(Do("DELETE", std::string(kSources) + "?prefix=http%3A%2F%2Fh%2Fa%2F").status(), 200);
  EXPECT_EQ(Do("DELETE", std::string(kSources) + "?prefix=http%3A%2F%2Fh%2Fa%2F").status(), 404);
  EXPECT_EQ(List(), R"([{"mirror":"http://m/x","prefix":"http://h"}])");
}

TEST_F(SourceTest, AllOrNone) {
  auto answer = Add(R"([{"prefix":"http://h/a","folder":"/srv/a"},
                        {"prefix":"http://h/b","folder":"/srv/none"}])");
  EXPECT_EQ(answer.status(), 400);
  EXPECT_NE(answer.response->body.bytes.find("rules[1].folder"), std::string::npos);
  EXPECT_NE(answer.response->body.bytes.find("/srv/none"), std::string::npos);
  EXPECT_EQ(Add(R"([{"prefix":"ftp://h/a","folder":"/srv/a"}])").status(), 400);
  EXPECT_EQ(Add(R"([])").status(), 400);
  EXPECT_EQ(List(), "[]");
}

TEST_F(SourceTest, RunsGetThemLongestFirstAndChangeNone) {
  ASSERT_EQ(Add(R"([{"prefix":"http://h","folder":"/srv/a"},
                    {"prefix":"http://h/longer","folder":"/srv/b"}])")
                .status(),
            200);
  SubmitId();
  auto by = ClaimLast();
  json::Value spec = ClaimBy(backend.starts().back(), "c1").json()["spec"];
  EXPECT_EQ(json::Write(spec["sources"]), R"([{"folder":"/srv/b","prefix":"http://h/longer"},)"
                                          R"({"folder":"/srv/a","prefix":"http://h"}])");
  EXPECT_EQ(spec.StringOr("data_cache"), "/data/cache/data");
  EXPECT_EQ(Do("POST", kSources, R"({"rules":[]})", by.token).status(), 403);
  EXPECT_EQ(Do("DELETE", std::string(kSources) + "?prefix=http://h", "", by.token).status(), 403);
}

}  // namespace
}  // namespace rw::server
