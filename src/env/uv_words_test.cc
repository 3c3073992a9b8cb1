#include "env/uv_words.h"

#include <gtest/gtest.h>

#include "env/uv_runner.h"

namespace rw::env {
namespace {

constexpr std::string_view kNoDns =
    "error: Request failed after 3 retries in 7.1s\n"
    "  cause: Failed to fetch: https://index.example/simple/idna/\n"
    "  cause: client error (Connect)\n  cause: dns error\n"
    "  cause: failed to lookup address information: Temporary failure in name resolution\n";
constexpr std::string_view kNoPackage =
    "Using CPython 3.11\nerror: No solution found when resolving dependencies\n"
    "  cause: Because no-such-package-rw-xyz was not found in the package registry and you require "
    "no-such-package-rw-xyz, we can conclude that your requirements are unsatisfiable.\n";
constexpr std::string_view kServerError =
    "error: HTTP status server error (503 Service Unavailable)\n";

TEST(UvWords, StepsAreWhatUvIsDoing) {
  UvSteps steps;
  EXPECT_EQ(steps.After("Resolved 41 packages in 17ms"), "resolved 41 packages");
  EXPECT_EQ(steps.After("Downloading tensorflow (475.2MiB)"), "downloading tensorflow (475.2MiB)");
  EXPECT_EQ(steps.After("Downloading numpy (17.4MiB)"),
            "downloading tensorflow (475.2MiB), numpy (17.4MiB)");
  EXPECT_EQ(steps.After(" Downloaded tensorflow"), "downloading numpy (17.4MiB)");
  EXPECT_EQ(steps.After("   Building chainer==7.8.1"), "building chainer==7.8.1");
  EXPECT_EQ(steps.After("      Built chainer==7.8.1"), "downloading numpy (17.4MiB)");
  EXPECT_EQ(steps.After("Prepared 41 packages in 2.10s"), "installing 41 packages");
  EXPECT_EQ(steps.After(" + numpy==1.26.4"), "");
}

TEST(UvWords, HowFarDownloadsAreTheLargestFirst) {
  UvSteps steps;
  constexpr uint64_t kMega = 1'000'000;
  EXPECT_EQ(
      steps.Fetching({{"numpy", 3 * kMega, 18 * kMega}, {"tensorflow", 203'400'000, 475 * kMega}}),
      "downloading tensorflow 203/475 MB, numpy 3/18 MB");
  EXPECT_EQ(steps.Fetching({{"a", 0, 4}, {"b", 1, 5}, {"c", 2, 6}, {"d", 1'500, 2'500}}),
            "downloading d 1.5/2.5 kB, c 2/6 B, b 1/5 B and 1 more");
  EXPECT_EQ(steps.Fetching({}), "installing packages");
  EXPECT_EQ(AmountText(812'000'000, 2'300 * kMega), "0.8/2.3 GB");
}

TEST(UvWords, AFailingPackageIsNamedWithUvsOwnWords) {
  Error error =
      UvError("resolve", kNoPackage, {"no-such-package", "no-such-package-rw-xyz", "six"});
  EXPECT_EQ(error.code(), Code::kInvalidArgument);
  EXPECT_EQ(error.message().rfind("cannot resolve no-such-package-rw-xyz: Because no-such", 0), 0u)
      << error.message();
  EXPECT_NE(error.message().find("requirements are unsatisfiable"), std::string::npos);
  EXPECT_EQ(error.message().find("Using CPython"), std::string::npos);
}

TEST(UvWords, AFailedBuildNamesThePackageOfTheBuild) {
  Error error =
      UvError("install",
              "  × Failed to build `Old_Thing==1.0`\n  ├─▶ The build backend returned an error\n"
              "  ╰─▶ Call to `setuptools.build_meta` failed (exit status: 1)\n",
              {"six"});
  EXPECT_EQ(error.message().rfind("cannot install old-thing: ", 0), 0u) << error.message();
}

TEST(UvWords, Classes) {
  EXPECT_EQ(Classify(kNoDns), UvFailure::kConnection);
  EXPECT_EQ(Classify(kServerError), UvFailure::kTransient);
  EXPECT_EQ(Classify(kNoPackage), UvFailure::kOther);
  EXPECT_EQ(Classify("error: failed to write: No space left on device (os error 28)"),
            UvFailure::kNoSpace);
  EXPECT_EQ(UvError("resolve", kNoDns, {"idna"}).code(), Code::kUnavailable);
  EXPECT_EQ(CauseOf(kNoDns),
            "failed to lookup address information: Temporary failure in name resolution");
}

TEST(UvTries, NobodyReachedFirstTheCacheThenTwiceAgain) {
  std::vector<UvTry> tries = {UvTry{}};
  UvTry next;
  ASSERT_TRUE(NextTry(tries, kNoDns, 1000, &next));
  EXPECT_TRUE(next.offline);
  tries.push_back(next);
  ASSERT_TRUE(NextTry(tries, kNoPackage, 1000, &next)) << "what the cache lacks says nothing";
  EXPECT_FALSE(next.offline);
  EXPECT_EQ(next.delay_ms, 1000);
  tries.push_back(next);
  ASSERT_TRUE(NextTry(tries, kNoDns, 1000, &next));
  EXPECT_FALSE(next.offline);
  tries.push_back(next);
  EXPECT_FALSE(NextTry(tries, kNoDns, 1000, &next));
}

TEST(UvTries, OtherFailuresAreNotTriedAgain) {
  UvTry next;
  EXPECT_FALSE(NextTry({UvTry{}}, kNoPackage, 1000, &next));
  ASSERT_TRUE(NextTry({UvTry{}}, kServerError, 1000, &next));
  EXPECT_FALSE(next.offline);
}

}  // namespace
}  // namespace rw::env
