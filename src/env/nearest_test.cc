#include "env/nearest.h"

#include <gtest/gtest.h>

namespace rw::env {
namespace {

EnvironmentSpec Asked(const std::vector<std::string>& requirements) {
  EnvironmentSpec spec;
  spec.kind = EnvironmentSpec::Kind::kPip;
  spec.requirements = requirements;
  return spec;
}

constexpr const char* kNoWheel =
    "error: No solution found when resolving dependencies\n"
    "  cause: Because torch==1.4.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) "
    "and "
    "you require torch==1.4.0, we can conclude that your requirements are unsatisfiable.\n";

TEST(Nearest, WhatIsMentionedIsSuspected) {
  Nearest nearest(Asked({"torch==1.4.0", "torchvision==0.5.0", "six", "-e /src/torch"}), "3.11.7");
  EXPECT_EQ(nearest.Suspects(kNoWheel), std::vector<size_t>{0});
  EXPECT_EQ(nearest.ReasonOf(kNoWheel), "no wheel for Python 3.11");
  EXPECT_FALSE(NeverWas(kNoWheel));
  EXPECT_TRUE(NeverWas("Because there is no version of six==99 and you require six==99"));
}

TEST(Nearest, QuestionsAreAboveThenBelow) {
  Nearest nearest(Asked({"a==1.4.0+cpu", "b<2", "c~=1.2", "d==1.13.*", "e>=1", "f"}), "3.11.7");
  EXPECT_EQ(nearest.Newer(0), "a>1.4.0");
  EXPECT_EQ(nearest.Older(0), "a<1.4.0");
  EXPECT_EQ(nearest.Newer(1), "b>=2");
  EXPECT_EQ(nearest.Newer(2), "c>1.2");
  EXPECT_EQ(nearest.Newer(3), "d>1.13");
  EXPECT_FALSE(nearest.Newer(4));
  EXPECT_FALSE(nearest.Newer(5));
}

TEST(Nearest, ReplacedAndTold) {
  Nearest nearest(Asked({"a[x]==1.0;python_version>\"3\"", "https://h/b.whl", "c"}), "3.11.7");
  EXPECT_FALSE(nearest.replaced());
  nearest.Replace(0, "2.0", "no wheel");
  EXPECT_EQ(nearest.Lines(),
            (std::vector<std::string>{"https://h/b.whl", "a[x]==2.0;python_version>\"3\"", "c"}));
  EXPECT_EQ(nearest.only_binary(), std::vector<std::string>{"a"});
  EXPECT_TRUE(nearest.Suspects("a==2.0 is bad").empty());
  // What others ask of it may need another one.
  EXPECT_FALSE(nearest.Loosen("nothing of the kind"));
  EXPECT_TRUE(nearest.Loosen("because a==2.0 depends on"));
  EXPECT_EQ(nearest.Lines()[1], "a[x]>=2.0;python_version>\"3\"");
  EXPECT_FALSE(nearest.Loosen("because a==2.0 depends on"));
  EXPECT_EQ(nearest.Warnings("a==2.5\nc==1\n"),
            std::vector<std::string>{"a[x]==1.0;python_version>\"3\" → a==2.5: no wheel"});
}

TEST(Nearest, WhatNobodyAskedForByName) {
  Nearest nearest(Asked({"a"}), "3.11.7");
  EXPECT_TRUE(nearest.OnlyWheels("low", "2.0", "its source does not build"));
  EXPECT_FALSE(nearest.OnlyWheels("low", "2.0", "its source does not build"));
  EXPECT_TRUE(nearest.replaced());
  EXPECT_EQ(nearest.Warnings("a==1\nlow==1.0\n"),
            std::vector<std::string>{"low==2.0 → low==1.0: its source does not build"});
}

}  // namespace
}  // namespace rw::env
