#include "env/profile.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "env/spec.h"
#include "os/file_system.h"

namespace rw::env {
namespace {

TEST(Profile, ShippedFilesAreWhole) {
  auto loaded = LoadProfiles(os::PosixFileSystem(), "profiles", "");
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  for (const char* name : {"pytorch", "tensorflow", "chainer", "scikit-learn"})
    EXPECT_TRUE(loaded->frameworks.contains(name)) << name;
  EXPECT_FALSE(loaded->images.empty());
  EXPECT_GT(loaded->curated.size(), 20u);
  for (const CuratedEnvironment& one : loaded->curated) {
    auto spec = ParseSpec(one.spec);
    ASSERT_TRUE(spec) << one.name;
    bool known = spec->framework.name.empty() || loaded->frameworks.contains(spec->framework.name);
    EXPECT_TRUE(known) << one.name;
  }
}

class ProfileFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rw-profiles-XXXXXX";
    folder_ = mkdtemp(name);
    CHECK(fs_.MakeDirs(folder_ + "/frameworks", 0700));
  }
  void TearDown() override { CHECK(fs_.RemoveTree(folder_)); }
  void Write(const std::string& name, const std::string& text) {
    CHECK(os::WriteFileAtomically(fs_, folder_ + "/" + name, text, 0600));
  }
  /// Of users' files that cannot be used: "FILE: message".
  std::string Wrong(const std::string& name, const std::string& text) {
    Write(name, text);
    auto loaded = LoadProfiles(fs_, "profiles", folder_);
    CHECK(fs_.Remove(folder_ + "/" + name));
    return loaded ? "accepted" : loaded.error().message().substr(folder_.size() + 1);
  }
  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string folder_;
};

TEST_F(ProfileFolder, UsersFilesGoFirst) {
  Write("frameworks/chainer.json", R"({"name":"chainer","default":"7.8.1","package":"chainer"})");
  Write("image-map.json", R"({"rules":[{"pattern":"mcr.microsoft.com/*","use":"image:base:1"}]})");
  Write("packages.json", R"({"rules":[{"package":"six","drop":true,"reason":"not here"}]})");
  Write("curated.json",
        R"({"environments":[{"name":"AzureML-Minimal","spec":{"kind":"pip","python":"3.9"}}]})");
  auto loaded = LoadProfiles(fs_, "profiles", folder_);
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  EXPECT_EQ(loaded->frameworks.find("chainer")->second.default_version, "7.8.1");
  EXPECT_TRUE(loaded->frameworks.contains("pytorch"));
  EXPECT_EQ(loaded->images.front().use, "base:1");
  EXPECT_EQ(loaded->packages.front().package, "six");
  auto minimal = std::find_if(loaded->curated.begin(), loaded->curated.end(),
                              [](const auto& one) { return one.name == "AzureML-Minimal"; });
  ASSERT_NE(minimal, loaded->curated.end());
  EXPECT_EQ(minimal->spec.StringOr("python"), "3.9");
}

TEST_F(ProfileFolder, WhatIsWrongIsNamedByFileAndMember) {
  EXPECT_EQ(Wrong("packages.json", "{").rfind("packages.json is no JSON: ", 0), 0u);
  EXPECT_EQ(Wrong("packages.json", R"({"rulez":[]})"),
            "packages.json: file has no member \"rulez\". Known: rules");
  EXPECT_EQ(
      Wrong("packages.json", R"({"rules":[{"package":"a"},{"package":"b","versions":"~=1"}]})"),
      "packages.json: rules[1].versions \"~=1\" has ~=: write >= and < instead");
  EXPECT_EQ(Wrong("packages.json", R"({"rules":[{"package":"a","use":["--pre"],"reason":"x"}]})")
                .rfind("packages.json: rules[0].use[0] \"--pre\" is an option", 0),
            0u);
  EXPECT_EQ(Wrong("packages.json", R"({"rules":[{"package":"a","drop":true}]})"),
            "packages.json: rules[0].reason is missing: people read why");
  EXPECT_EQ(Wrong("frameworks/x.json", R"({"name":"x","package":"x"})"),
            "frameworks/x.json: default is missing");
  EXPECT_EQ(Wrong("image-map.json", R"({"rules":[{"pattern":"a","use":"docker"}]})"),
            "image-map.json: rules[0].use must be \"process\" or \"image:NAME\"");
  EXPECT_EQ(
      Wrong("curated.json", R"({"environments":[{"name":"a","spec":{"kind":"pip","python":"x"}}]})")
          .rfind("curated.json: environments[0].spec: python", 0),
      0u);
}

TEST(Profile, Patterns) {
  EXPECT_TRUE(MatchesPattern("mcr.microsoft.com/azureml/*", "mcr.microsoft.com/AzureML/base:1"));
  EXPECT_TRUE(MatchesPattern("*-gpu", "tensorflow-gpu"));
  EXPECT_TRUE(MatchesPattern("a*b*c", "axxbyyc"));
  EXPECT_FALSE(MatchesPattern("a*b*c", "axxbyy"));
  EXPECT_FALSE(MatchesPattern("pillow", "pillow-simd"));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_FALSE(MatchesPattern("*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace rw::env
