#include "env/release.h"

#include <gtest/gtest.h>

namespace rw::env {
namespace {

bool In(std::string_view range, std::string_view specifiers) {
  auto parsed = ReleaseRange::Parse(range);
  CHECK(parsed);
  return parsed->Contains(WantedOf(specifiers));
}

TEST(Release, ComparesNumbersNotText) {
  EXPECT_EQ(ParseRelease("1.13.0a0+gitunknown"), (Release{1, 13, 0}));
  EXPECT_LT(CompareReleases(ParseRelease("1.9"), ParseRelease("1.13")), 0);
  EXPECT_EQ(CompareReleases(ParseRelease("2"), ParseRelease("2.0.0")), 0);
  EXPECT_EQ(ParseRelease("1!2.0"), (Release{2, 0}));
  EXPECT_TRUE(ParseRelease("latest").empty());
}

TEST(Release, WhatARequirementComesTo) {
  EXPECT_TRUE(WantedOf("").newest());
  EXPECT_TRUE(WantedOf(">=1.2").newest());
  EXPECT_EQ(WantedOf("==1.4.0+cpu").text, "1.4.0");
  EXPECT_EQ(WantedOf("==1.13.*").text, "1.13");
  EXPECT_EQ(WantedOf(">=1,<3,<2").text, "2");
  EXPECT_TRUE(WantedOf("<2").below);
}

TEST(Release, RangesOfRules) {
  EXPECT_TRUE(In("<2", "==1.13.1"));
  EXPECT_TRUE(In("<2", "==1.13.*"));
  EXPECT_TRUE(In("<2", "<2"));
  EXPECT_TRUE(In("<2", "~=1.15"));
  EXPECT_FALSE(In("<2", "==2.0"));
  EXPECT_FALSE(In("<2", ""));
  EXPECT_FALSE(In("<2", ">=1.0"));
  EXPECT_TRUE(In(">=2", ""));
  EXPECT_FALSE(In(">=2", "<2"));
  EXPECT_TRUE(In(">=1.2,<8.4", "==5.4.1"));
  EXPECT_TRUE(In("", "==5.4.1"));
  EXPECT_TRUE(In("==1.4.*", "==1.4.0"));
  EXPECT_FALSE(ReleaseRange::Parse("~=1.2"));
  EXPECT_FALSE(ReleaseRange::Parse("newest"));
}

TEST(Release, WhatIsInstalledAnswersOrNot) {
  EXPECT_TRUE(Allows("", "1.13.0a0"));
  EXPECT_TRUE(Allows(">=1.2,<2", "1.13.0a0"));
  EXPECT_TRUE(Allows("~=1.13.0", "1.13.4"));
  EXPECT_FALSE(Allows("~=1.13.0", "1.14.0"));
  EXPECT_FALSE(Allows("==1.4.0", "1.13.0"));
  EXPECT_TRUE(Allows("==1.13.*", "1.13.0a0"));
  EXPECT_FALSE(Allows("===1.13", "1.13"));
}

}  // namespace
}  // namespace rw::env
