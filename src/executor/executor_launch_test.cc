// From the grant to the launched script: what is fetched, refused and named.
#include <gtest/gtest.h>

#include "cas/digest.h"
#include "executor/executor.h"
#include "executor/launch_file.h"
#include "executor/testing/world.h"

namespace rw::executor {
namespace {

using testing::World;

TEST(Executor, AnUnknownLaunchFailsTheAttempt) {
  World w;
  w.Write("/run/state/launching", "1\n");
  testing::FakeSupervisor after_reboot(w.loop, w.loop, w.fs, RunFolder{"/run"});
  Context context{w.loop, w.loop, w.fs, w.loop, w.random};
  TransportFactory factory = [&](const std::string&) {
    return Result<std::shared_ptr<net::Transport>>(
        std::shared_ptr<net::Transport>(std::shared_ptr<char>(), &w.server));
  };
  Executor executor(context, factory, after_reboot, nullptr, {"/run", "host", 1, {}});
  std::optional<int> done;
  executor.OnDone([&](int status) { done = status; });
  ASSERT_TRUE(executor.Start());
  ASSERT_TRUE(w.loop.RunUntil([&] { return done.has_value(); }));
  EXPECT_EQ(after_reboot.starts(), 0);
  EXPECT_EQ(w.server.Report("failed").StringOr("code"), "SystemError");
}

TEST(Executor, AMissingScriptIsTheUsersErrorWithNearNames) {
  World w;
  w.SetSpec("script", "trian.py");
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  json::Value failed = w.server.Report("failed");
  EXPECT_EQ(failed.StringOr("code"), "UserError");
  EXPECT_NE(failed.StringOr("message").find("trian.py"), std::string::npos);
  EXPECT_NE(failed.StringOr("next_step").find("train.py"), std::string::npos);
  EXPECT_EQ(w.supervisor.starts(), 0);
}

TEST(Executor, AnInterpreterThatCannotBeExecutedIsNamed) {
  World w;
  w.supervisor.FailExec(ENOENT);
  w.SetSpec("interpreter", "/usr/bin/python");
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  json::Value exited = w.server.Report("exited");
  EXPECT_NE(exited.StringOr("exec_error").find("/usr/bin/python: No such file"), std::string::npos);
  EXPECT_NE(exited["error"].StringOr("next_step").find("interpreter"), std::string::npos);
  EXPECT_FALSE(w.server.Reported("started"));
  EXPECT_TRUE(w.server.Reported("finished"));
}

TEST(Executor, ADamagedStoreFailsTheAttemptBeforeTheScript) {
  World w;
  auto names = w.fs.List("/blobs");
  std::string path = "/blobs/" + w.snapshot.substr(0, 2) + "/" + w.snapshot;
  w.Write(path, "not the tree");
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.Report("failed").StringOr("code"), "SystemError");
  EXPECT_EQ(w.supervisor.starts(), 0);
}

/// The store's blobs come over HTTP alone.
void HideTheStore(World& w) {
  for (const char* prefix_end = "0123456789abcdef"; *prefix_end; prefix_end++) {
    for (const char* second = "0123456789abcdef"; *second; second++) {
      std::string folder = std::string("/blobs/") + *prefix_end + *second;
      auto entries = w.fs.List(folder);
      if (!entries) continue;
      for (const auto& entry : *entries)
        w.server.blobs[entry.name] = w.Read(folder + "/" + entry.name);
    }
  }
  w.SetSpec("blob_dir", nullptr);
}

TEST(Executor, FetchesTheSnapshotWhereTheStoreIsNotSeen) {
  World w;
  HideTheStore(w);
  w.supervisor.OnLaunch(
      [&] { w.supervisor.ExitCode(w.Read("/run/work/train.py") == "print(1)" ? 0 : 1); });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.Report("exited").IntOr("exit_code", -1), 0);
}

TEST(Executor, TheFilesOfAnEarlierRunLieInAFolderThatTheScriptIsToldOf) {
  World w;
  HideTheStore(w);
  std::string digest = cas::Digest::Of("weights").Hex();
  w.server.blobs[digest] = "weights";
  w.SetSpec("resume_files", json::Array{json::Object{{"path", "a/model.pt"}, {"digest", digest}}});
  w.supervisor.OnLaunch([&] {
    EXPECT_EQ(w.Read("/run/resume/a/model.pt"), "weights");
    std::string launch = w.Read("/run/state/launch");
    EXPECT_NE(launch.find("env=AZUREML_DATAREFERENCE_MODEL_LOCATION=/run/resume"),
              std::string::npos);
    w.supervisor.ExitCode(0);
  });
  w.StartExecutor();
  ASSERT_TRUE(w.RunUntilDone());
  EXPECT_EQ(w.server.Report("exited").IntOr("exit_code", -1), 0);
  EXPECT_TRUE(w.server.artifacts.empty()) << "they are no outputs of this run";
}

TEST(Executor, ANotebookIsStartedByItsRunner) {
  LaunchPlan plan;
  plan.interpreter = "/usr/bin/python";
  plan.script = "a/book.ipynb";
  plan.arguments = {"--x"};
  std::vector<std::string> line = {"/usr/bin/python", "-m", "runwright.notebook", "a/book.ipynb",
                                   "--x"};
  EXPECT_EQ(CommandLine(plan, {}), line);
}

}  // namespace
}  // namespace rw::executor
