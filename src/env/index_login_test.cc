#include "env/index_login.h"

#include <gtest/gtest.h>

namespace rw::env {
namespace {

TEST(IndexLogin, TheLongestPrefixByWholePartsWins) {
  std::vector<Credential> all = {{"https://h/team", "ann:p@ss/word"}, {"https://h", "bob:b"}};
  EXPECT_EQ(WithLogin("https://h/team/simple", all), "https://ann:p%40ss%2Fword@h/team/simple");
  EXPECT_EQ(WithLogin("https://h/teams/simple", all), "https://bob:b@h/teams/simple");
  EXPECT_EQ(WithLogin("https://hh/simple", all), "https://hh/simple");
  EXPECT_EQ(WithLogin("https://own:o@h/team", all), "https://own:o@h/team");
  EXPECT_EQ(WithLogin("/wheels", all), "/wheels");
  EXPECT_EQ(WithLogin("https://h/x", {{"https://h/", "t0ken"}}), "https://__token__:t0ken@h/x");
}

TEST(IndexLogin, UvsWordsAreMaskedAndItsLocksRestored) {
  Variables uv = {{"UV_DEFAULT_INDEX", "https://h/simple"},
                  {"UV_FIND_LINKS", "/wheels,https://h/links"}};
  Secrets secrets;
  AddLogins(uv, {{"https://h", "ann:secret"}}, secrets);
  EXPECT_EQ(uv["UV_DEFAULT_INDEX"], "https://ann:secret@h/simple");
  EXPECT_EQ(uv["UV_FIND_LINKS"], "/wheels,https://ann:secret@h/links");
  EXPECT_EQ(MaskUserInfo("a @ https://ann:secret@h/a.whl"), "a @ https://****@h/a.whl");
  EXPECT_EQ(secrets.Restore("a @ https://****@h/a.whl"), "a @ https://ann:secret@h/a.whl");
}

}  // namespace
}  // namespace rw::env
