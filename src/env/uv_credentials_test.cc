#include "env/uv_credentials.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace rw::env {
namespace {
const std::vector<Credential> kCredentials = {{"https://h.example/team", "me:p@ss/word"},
                                              {"https://h.example", "tok-123"},
                                              {"http://Other:8080/", "u:v"}};

TEST(UvCredentials, TheLongestPrefixCounts) {
  auto with = [](const std::string& url) { return WithCredentials(url, kCredentials); };
  EXPECT_EQ(with("https://h.example/team/simple"),
            "https://me:p%40ss%2Fword@h.example/team/simple");
  EXPECT_EQ(with("https://h.example/team"), "https://me:p%40ss%2Fword@h.example/team");
  EXPECT_EQ(with("https://h.example/teams"), "https://__token__:tok-123@h.example/teams");
  EXPECT_EQ(with("http://other:8080/x"), "http://u:v@other:8080/x");
  EXPECT_EQ(with("https://h.example.evil/team"), "https://h.example.evil/team");
  EXPECT_EQ(with("http://h.example/team"), "http://h.example/team");
  EXPECT_EQ(with("https://a:b@h.example/team"), "https://a:b@h.example/team");
  EXPECT_EQ(with("/wheels"), "/wheels");
}

TEST(UvCredentials, OfASpecsUrls) {
  EnvironmentSpec spec;
  spec.index_url = "https://h.example/team/simple";
  spec.find_links = {"/wheels", "https://h.example/links"};
  spec.requirements = {"-e git+https://h.example/r.git",
                       "a@https://h.example/a.whl ;os_name==\"x\"", "six"};
  EnvironmentSpec out = WithCredentials(spec, kCredentials);
  EXPECT_EQ(out.index_url, "https://me:p%40ss%2Fword@h.example/team/simple");
  EXPECT_EQ(out.find_links[1], "https://__token__:tok-123@h.example/links");
  EXPECT_EQ(out.requirements[0], spec.requirements[0]);
  EXPECT_EQ(out.requirements[1], "a@https://__token__:tok-123@h.example/a.whl ;os_name==\"x\"");
}

TEST(UvCredentials, GitGetsThemByItsEnvironment) {
  EnvironmentSpec spec;
  spec.requirements = {"six"};
  Variables variables;
  AddGitCredentials(spec, kCredentials, variables);
  EXPECT_TRUE(variables.empty());
  spec.requirements = {"x@git+https://h.example/r.git"};
  AddGitCredentials(spec, {kCredentials[1]}, variables);
  EXPECT_EQ(variables["GIT_CONFIG_COUNT"], "1");
  EXPECT_EQ(variables["GIT_CONFIG_KEY_0"], "http.https://h.example.extraHeader");
  EXPECT_EQ(variables["GIT_CONFIG_VALUE_0"],
            "Authorization: Basic " + Base64Encode("__token__:tok-123"));
}

}  // namespace
}  // namespace rw::env
