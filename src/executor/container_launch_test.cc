#include "executor/container_launch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "executor/testing/world.h"

namespace rw::executor {
namespace {

using testing::World;

Grant ContainerGrant() {
  Grant grant;
  grant.attempt = 2;
  grant.run = json::Object{{"run_id", "exp_1 ü"}};
  grant.plan.script = "train.py";
  grant.plan.interpreter = "/usr/bin/python3";
  grant.plan.arguments = {"--password", "hidden"};
  grant.plan.sdk_path = "/sdk";
  grant.plan.image.engine = "/usr/bin/podman";
  grant.plan.image.id = "sha256:abc";
  grant.plan.image.guard = "/bin/runwright-guard";
  grant.plan.image.user = "0:0";
  grant.plan.image.gpu_arguments = {"--device=/dev/nvidia0"};
  return grant;
}

bool HasArgument(const std::vector<std::string>& list, const std::string& what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

std::vector<std::string> Command(const Grant& grant) {
  return ContainerCommand(grant, RunFolder{"/runs/r,1"}, {{"/sdk"}, {"/cache"}});
}

TEST(ContainerCommand, NamesLabelsMountsAndEndsWithTheGuardsArguments) {
  auto command = Command(ContainerGrant());
  EXPECT_EQ(command[0], "/usr/bin/podman");
  EXPECT_EQ(command[1], "run");
  for (const char* expected :
       {"--rm", "--name=runwright-exp_1----2", "--network=host", "--user=0:0", "--shm-size=2g",
        "--pull=never", "--label=runwright.folder=/runs/r,1", "--device=/dev/nvidia0",
        "--entrypoint=/run/runwright-guard",
        "--mount=type=bind,\"src=/runs/r,1\",\"dst=/runs/r,1\"",
        "--mount=type=bind,src=/bin/runwright-guard,dst=/run/runwright-guard,readonly",
        "--mount=type=bind,src=/sdk,dst=/sdk,readonly", "--mount=type=bind,src=/cache,dst=/cache"})
    EXPECT_TRUE(HasArgument(command, expected)) << expected;
  EXPECT_EQ(command[command.size() - 2], "sha256:abc");
  EXPECT_EQ(command.back(), "/runs/r,1/state");
  for (const std::string& argument : command) {
    EXPECT_EQ(argument.find("hidden"), std::string::npos)
        << "of the script, seen by everyone in ps";
    EXPECT_EQ(argument.find("train.py"), std::string::npos);
  }
}

TEST(ContainerCommand, LeavesToTheRunWhatItSaysItself) {
  Grant grant = ContainerGrant();
  grant.plan.container.shm_size = "8g";
  grant.plan.container.gpu = false;
  grant.plan.container.arguments = {"--network=none", "-u", "1000", "--cap-add=SYS_PTRACE"};
  auto command = Command(grant);
  EXPECT_TRUE(HasArgument(command, "--shm-size=8g"));
  EXPECT_TRUE(HasArgument(command, "--network=none"));
  EXPECT_FALSE(HasArgument(command, "--network=host"));
  EXPECT_FALSE(HasArgument(command, "--user=0:0"));
  EXPECT_FALSE(HasArgument(command, "--device=/dev/nvidia0"));
  auto image = std::find(command.begin(), command.end(), "sha256:abc");
  EXPECT_LT(std::find(command.begin(), command.end(), "--cap-add=SYS_PTRACE"), image);
}

TEST(EncodeInside, KeepsTheImagesOwnPathsBehindOurs) {
  Grant grant = ContainerGrant();
  std::string text =
      EncodeInside("/w", "/log", RunFolder{"/run"}, grant.plan,
                   {{"PATH", "/env/bin"}, {"PYTHONPATH", "/sdk"}, {"A", "line\nline"}})
          .value();
  auto has = [&](const std::string& entry) { return text.find(entry + '\0') != std::string::npos; };
  EXPECT_TRUE(has("arg=/usr/bin/python3"));
  EXPECT_TRUE(has("arg=hidden"));
  EXPECT_TRUE(has("env=A=line\nline"));
  EXPECT_TRUE(has("front=PATH=/env/bin"));
  EXPECT_TRUE(has("front=PYTHONPATH=/sdk"));
  EXPECT_TRUE(has("default=HOME=/run/tmp"));
  EXPECT_FALSE(has("env=PATH=/env/bin"));
}

TEST(DescribeEngineFailure, SaysWhatToDo) {
  Grant grant = ContainerGrant();
  grant.plan.container.arguments = {"--cap-ad=X"};
  auto wrong = DescribeEngineFailure(
      125, "hello\nError: unknown flag: --cap-ad\nSee 'podman run --help'\n", grant.plan);
  EXPECT_EQ(wrong.StringOr("code"), "UserError");
  EXPECT_NE(wrong.StringOr("message").find("unknown flag: --cap-ad"), std::string::npos);
  EXPECT_NE(wrong.StringOr("next_step").find("--cap-ad=X"), std::string::npos);
  auto gone = DescribeEngineFailure(125, "Error: sha256:abc: image not known\n", grant.plan);
  EXPECT_EQ(gone.StringOr("code"), "SystemError");
  EXPECT_NE(gone.StringOr("next_step").find("Submit the run again"), std::string::npos);
}

void AskForImage(World& w) {
  w.SetSpec("image", json::Object{{"engine", "/usr/bin/podman"},
                                  {"id", "sha256:abc"},
                                  {"interpreter", "python3"},
                                  {"guard", "/guard"},
                                  {"variables", json::Object{{"CONTAINERS_CONF", "/c"}}}});
}

TEST(ExecutorContainer, TheGuardsWordCountsAndWhatIsLeftIsRemoved) {
  World w;
  AskForImage(w);
  w.supervisor.OnLaunch([&] {
    std::string launch = w.Read("/run/state/launch");
    EXPECT_NE(launch.find(std::string("container=1\0", 12)), std::string::npos);
    EXPECT_NE(launch.find("env=CONTAINERS_CONF=/c"), std::string::npos);
    EXPECT_EQ(launch.find("AZUREML_RUN_ID"), std::string::npos) << "the script's, not the engine's";
    std::string inside = w.Read("/run/state/inside");
    EXPECT_NE(inside.find("env=AZUREML_RUN_TOKEN=use-exec-sock"), std::string::npos);
    EXPECT_EQ(inside.find("env=HOME="), std::string::npos) << "the image's own";
    EXPECT_NE(w.Read("/run/state/container").find("arg=rm"), std::string::npos);
    w.Write("/run/state/launching", "1");
    w.Write("/run/state/ended", "signal 9 group_oom 1 peak_bytes 5000000000\n");
    w.supervisor.ExitCode(137);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  const json::Value& exited = w.server.reports[1].second;
  EXPECT_EQ(exited.IntOr("signal", 0), 9);
  EXPECT_NE(exited["error"].StringOr("message").find("OOM killer ended it at 5.0 GB"),
            std::string::npos);
  ASSERT_EQ(w.node.commands.size(), 1u);
  EXPECT_EQ(w.node.commands[0][1], "rm");
}

TEST(ExecutorContainer, AnEnginesOwnFailureIsNotTheScripts) {
  World w;
  AskForImage(w);
  w.supervisor.OnLaunch([&] {
    w.Log("Error: sha256:abc: image not known\n");
    w.supervisor.ExitCode(125);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  const json::Value& exited = w.server.reports[1].second;
  EXPECT_EQ(exited["error"].StringOr("code"), "SystemError");
  EXPECT_NE(exited.StringOr("exec_error").find("image not known"), std::string::npos);
}

TEST(ExecutorContainer, AScriptsOwnCodeOf125StaysItsOwn) {
  World w;
  AskForImage(w);
  w.supervisor.OnLaunch([&] {
    w.Write("/run/state/ended", "code 125 group_oom 0 peak_bytes 1\n");
    w.supervisor.ExitCode(125);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.reports[1].second.IntOr("exit_code", 0), 125);
}

}  // namespace
}  // namespace rw::executor
