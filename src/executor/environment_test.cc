#include "executor/environment.h"

#include <gtest/gtest.h>

namespace rw::executor {
namespace {

ScriptEnvironment Make(std::map<std::string, std::string> users, EnvironmentMap base = {}) {
  Grant grant;
  grant.token = "secret-token";
  grant.run = json::Object{{"run_id", "r1"}, {"experiment", "e"}};
  grant.plan.path_prepend = {"/env/bin"};
  grant.plan.sdk_path = "/sdk";
  grant.plan.environment_variables = std::move(users);
  return MakeEnvironment(grant, RunFolder{"/run"}, "http://server", base);
}

TEST(Environment, NothingOfTheServersButWhatIsListed) {
  auto made = Make({}, {{"PATH", "/bin"}, {"HOME", "/h"}, {"USER", "u"}, {"AWS_SECRET", "x"}});
  EXPECT_EQ(made.variables.count("AWS_SECRET"), 0u);
  EXPECT_EQ(made.variables["PATH"], "/env/bin:/bin");
  EXPECT_EQ(made.variables["HOME"], "/h");
  EXPECT_EQ(made.variables["USER"], "u");
  EXPECT_EQ(made.variables["PYTHONUNBUFFERED"], "1");
  EXPECT_EQ(made.variables["PYTHONPATH"], "/sdk");
  EXPECT_EQ(made.variables["RUNWRIGHT_RUN_DIR"], "/run");
  EXPECT_EQ(made.variables["AZUREML_RUN_ID"], "r1");
}

TEST(Environment, HoldsNoSecret) {
  for (const auto& [name, value] : Make({}).variables)
    EXPECT_EQ(value.find("secret-token"), std::string::npos) << name;
}

TEST(Environment, TheUsersVariablesWin) {
  auto made =
      Make({{"PATH", "/mine"}, {"PYTHONPATH", "lib"}, {"AZUREML_RUN_ID", "x"}, {"EMPTY", ""}});
  EXPECT_EQ(made.variables["PATH"], "/env/bin:/mine");
  EXPECT_EQ(made.variables["PYTHONPATH"], "lib:/sdk");
  EXPECT_EQ(made.variables["AZUREML_RUN_ID"], "x");
  EXPECT_EQ(made.variables.count("EMPTY"), 1u);
  EXPECT_TRUE(made.warnings.empty());
}

TEST(Environment, LibrariesKeepTheirDataInOneFolder) {
  Grant grant;
  grant.plan.data_cache = "/data/cache/data";
  grant.plan.environment_variables = {{"HF_HOME", "/mine"}};
  auto made =
      MakeEnvironment(grant, RunFolder{"/run"}, "http://server", {{"KERAS_HOME", "/node/keras"}});
  EXPECT_EQ(made.variables["TORCH_HOME"], "/data/cache/data/torch");
  EXPECT_EQ(made.variables["HF_HOME"], "/mine");
  EXPECT_EQ(made.variables["KERAS_HOME"], "/node/keras");
  EXPECT_EQ(Make({}).variables.count("TORCH_HOME"), 0u);
}

TEST(Environment, ShimsComeFirst) {
  Grant grant;
  grant.plan.sdk_path = "/sdk";
  grant.plan.shims = {"tf1"};
  grant.plan.environment_variables = {{"PYTHONPATH", "lib"}};
  auto made = MakeEnvironment(grant, RunFolder{"/run"}, "http://server", {});
  EXPECT_EQ(made.variables["PYTHONPATH"], "/sdk/runwright/_compat/site:lib:/sdk");
  EXPECT_EQ(made.variables["RUNWRIGHT_COMPAT"], "/run/state/compat.json");
  EXPECT_EQ(Make({}).variables.count("RUNWRIGHT_COMPAT"), 0u);
}

TEST(Environment, ReservedAndImpossibleNamesAreWarnings) {
  auto made = Make({{"RUNWRIGHT_RUN_DIR", "/x"}, {"A=B", "1"}, {"", "1"}});
  EXPECT_EQ(made.variables["RUNWRIGHT_RUN_DIR"], "/run");
  EXPECT_EQ(made.warnings.size(), 3u);
}

}  // namespace
}  // namespace rw::executor
