#include "executor/launch_file.h"

#include <gtest/gtest.h>

namespace rw::executor {
namespace {

TEST(LaunchFile, VariablesAreExpandedAsPythonDoes) {
  EnvironmentMap variables = {{"DATA", "/mnt/d"}, {"A_1", "x$DATA"}, {"EMPTY", ""}};
  auto expand = [&](std::string_view text) { return ExpandVariables(text, variables); };
  EXPECT_EQ(expand("$DATA/train"), "/mnt/d/train");
  EXPECT_EQ(expand("${DATA}train:$DATA"), "/mnt/dtrain:/mnt/d");
  EXPECT_EQ(expand("$A_1$EMPTY|"), "x$DATA|") << "values are not looked through again";
  for (const char* same : {"", "$", "$$", "5$", "$5", "$NONE/x", "${DATA", "${}", "$-DATA", "a$ b"})
    EXPECT_EQ(expand(same), same);
  EXPECT_EQ(expand("$$DATA"), "$/mnt/d");
}

TEST(LaunchFile, ArgumentsOfScriptsAreExpandedThoseOfCommandsAreTheShells) {
  LaunchPlan plan;
  plan.script = "$DATA.py";
  plan.interpreter = "/usr/bin/python3";
  plan.arguments = {"--data", "$DATA"};
  EnvironmentMap variables = {{"DATA", "/d"}};
  EXPECT_EQ(CommandLine(plan, variables),
            (std::vector<std::string>{"/usr/bin/python3", "$DATA.py", "--data", "/d"}));
  plan.command = "echo $DATA \"$1\"";
  EXPECT_EQ(CommandLine(plan, variables).back(), "$DATA");
}

}  // namespace
}  // namespace rw::executor
