// Environments that are resolved anew.
#include <gtest/gtest.h>

#include "server/environment_service.h"
#include "server/testing/environment_fixture.h"

namespace rw::server {
namespace {

class EnvironmentUpgradeTest : public testing::EnvironmentFixture {
 protected:
  /// `wait`: until it is over.
  std::shared_ptr<Asked> Upgrade(const json::Value& spec, bool wait = false) {
    auto asked = std::make_shared<Asked>();
    static_cast<EnvironmentService&>(core->environments())
        .Make(spec, {.workspace = "", .upgrade = true},
              [asked](Result<ReadyEnvironment> ready) { asked->answer.emplace(std::move(ready)); });
    if (wait) loop.Advance(1'000'000);
    return asked;
  }
};

TEST_F(EnvironmentUpgradeTest, ResolvedAnewTheNewLockIsForRunsAfterIt) {
  json::Value spec = Pip("six");
  auto first = Get(spec);
  ASSERT_TRUE(first);
  auto waiting = Ask(spec, "waits");  // with what is there
  installer.answers["six"] = "six==2\n";
  auto upgraded = Upgrade(spec);
  EXPECT_EQ(core->environments().Ready(spec)->build_id, first->build_id) << "until it is ready";
  loop.Advance(1'000'000);
  ASSERT_TRUE(upgraded->answer && *upgraded->answer);
  EXPECT_NE((*upgraded->answer)->build_id, first->build_id);
  EXPECT_EQ((*waiting->answer)->build_id, first->build_id);
  EXPECT_EQ(core->environments().Ready(spec)->build_id, (*upgraded->answer)->build_id);
  StartCore();
  EXPECT_EQ(core->environments().Ready(spec)->build_id, (*upgraded->answer)->build_id);
  EXPECT_EQ(Do("GET", "/api/v1/builds/" + first->env_id).json().StringOr("lock"), "six==2\n");
}

TEST_F(EnvironmentUpgradeTest, AnUpgradeThatFailsChangesNothing) {
  json::Value spec = Pip("six");
  auto first = Get(spec);
  ASSERT_TRUE(first);
  installer.failures.emplace("six", Error(Code::kInvalidArgument, "cannot resolve six: gone"));
  auto upgraded = Upgrade(spec);
  loop.Advance(1'000'000);
  ASSERT_TRUE(upgraded->answer);
  EXPECT_FALSE(*upgraded->answer);
  StartCore();
  EXPECT_EQ(core->environments().Ready(spec)->build_id, first->build_id);
  auto shown = Do("GET", "/api/v1/builds/" + first->env_id).json();
  EXPECT_EQ(shown.StringOr("state"), "Ready");
  EXPECT_EQ(shown.StringOr("upgrade_error"), "cannot resolve six: gone");
  installer.failures.clear();
  ASSERT_TRUE(*Upgrade(spec, true)->answer);
  EXPECT_TRUE(Do("GET", "/api/v1/builds/" + first->env_id).json()["upgrade_error"].is_null());
}

TEST_F(EnvironmentUpgradeTest, AnUpgradeWaitsForRunsThatGetTheLockThatIsThere) {
  json::Value spec = Pip("six");
  auto first = Get(spec);
  ASSERT_TRUE(first);
  installer.published.clear();
  installer.hold = true;
  auto run = Ask(spec, "r1");  // builds the lock that is there anew
  auto upgraded = Upgrade(spec);
  installer.answers["six"] = "six==2\n";
  installer.Release();
  loop.Advance(1'000'000);
  ASSERT_TRUE(run->answer && *run->answer && upgraded->answer && *upgraded->answer);
  EXPECT_EQ((*run->answer)->build_id, first->build_id);
  EXPECT_NE((*upgraded->answer)->build_id, first->build_id);
}

TEST_F(EnvironmentUpgradeTest, ALockTellsWhetherProfilesSaySomethingElseSince) {
  auto profiles = std::make_shared<env::Profiles>();
  auto rule = [&](const std::string& package) {
    env::PackageRule out;
    out.package = package;
    out.text = "rule of " + package;
    return out;
  };
  profiles->packages = {rule("six")};
  core->context().options.profiles = profiles;
  auto ready = Get(Pip("six"));
  ASSERT_TRUE(ready);
  auto changed = [&] {
    return Do("GET", "/api/v1/builds/" + ready->env_id).json()["profile_changed"];
  };
  EXPECT_EQ(changed(), json::Value(false));
  profiles->packages.push_back(rule("pillow"));
  EXPECT_EQ(changed(), json::Value(false)) << "a package that nobody asked for";
  profiles->packages.push_back(rule("s*"));
  EXPECT_EQ(changed(), json::Value(true));
  ASSERT_TRUE(*Upgrade(Pip("six"), true)->answer);
  EXPECT_EQ(changed(), json::Value(false));
}

}  // namespace
}  // namespace rw::server
