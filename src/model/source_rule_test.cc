#include "model/source_rule.h"

#include <gtest/gtest.h>

namespace rw::model {
namespace {

TEST(SourceRule, PrefixesHaveOneSpelling) {
  for (const char* url : {"http://yann.lecun.com/exdb/mnist", "HTTP://Yann.LeCun.com/exdb/mnist/",
                          "http://yann.lecun.com:80/exdb/mnist//"})
    EXPECT_EQ(*NormalPrefix(url, "prefix"), "http://yann.lecun.com/exdb/mnist") << url;
  EXPECT_EQ(*NormalPrefix("https://h:443", "prefix"), "https://h");
  EXPECT_EQ(*NormalPrefix("https://h:80/A/b", "prefix"), "https://h:80/A/b");
  EXPECT_EQ(*NormalPrefix("http://[::1]:80/", "prefix"), "http://[::1]");
  EXPECT_EQ(*NormalPrefix("http://[::1]", "prefix"), "http://[::1]");
}

TEST(SourceRule, WhatIsNoPrefixIsNamed) {
  for (const char* url :
       {"", "h/x", "ftp://h/x", "file:///x", "http://", "http:///x", "http://h/x?y=1",
        "http://h/#a", "http://h/a b", "http://h:0/", "http://h:x/", "http://h:70000/"}) {
    auto parsed = NormalPrefix(url, "prefix");
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().field(), "prefix");
  }
  auto secret = NormalPrefix("http://me:hunter2@h/", "prefix");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().message().find("hunter2"), std::string::npos);
}

TEST(SourceRule, AFolderOrAMirror) {
  auto rule = ParseSourceRule(*json::Parse(R"({"prefix":"http://h/a/","folder":"/data/a/"})"), "r");
  ASSERT_TRUE(rule);
  EXPECT_EQ(json::Write(ToJson(*rule)), R"({"folder":"/data/a","prefix":"http://h/a"})");
  rule = ParseSourceRule(*json::Parse(R"({"prefix":"http://h","mirror":"https://m/x/"})"), "r");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->mirror, "https://m/x");
  for (const char* wrong :
       {R"("x")", R"({})", R"({"prefix":"http://h"})", R"({"prefix":"http://h","folder":"data"})",
        R"({"prefix":"http://h","folder":"/a","mirror":"http://m"})",
        R"({"prefix":"http://h","mirror":"/a"})", R"({"prefix":7,"folder":"/a"})"})
    EXPECT_FALSE(ParseSourceRule(*json::Parse(wrong), "r")) << wrong;
}

}  // namespace
}  // namespace rw::model
