#include "backend/local_backend.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "json/value.h"

namespace rw::backend {
namespace {

/// Records what would have been started; processes live and die by the test's word.
class FakeLauncher final : public os::ProcessLauncher {
 public:
  Result<os::ProcessIdentity> SpawnDetached(const os::LaunchSpec& spec) override {
    if (refuse) return Error(Code::kNotFound, "no such program");
    specs.push_back(spec);
    return os::ProcessIdentity{100 + static_cast<int>(specs.size()), 5, os::BootId()};
  }
  bool IsAlive(const os::ProcessIdentity& identity) override {
    return alive.contains(identity.pid);
  }
  Status Signal(const os::ProcessIdentity& identity, int signal) override {
    signals.emplace_back(identity.pid, signal);
    return Ok();
  }
  int KillByEnvironment(std::string_view variable) override {
    environments.emplace_back(variable);
    return 0;
  }
  void RemoveGroup(const std::string& folder) override { groups.push_back(folder); }
  std::vector<std::string> environments;
  std::vector<std::string> groups;
  bool refuse = false;
  std::vector<os::LaunchSpec> specs;
  std::map<int, bool> alive;
  std::vector<std::pair<int, int>> signals;
};

class LocalBackendTest : public ::testing::Test {
 protected:
  LocalBackendTest() {
    char name[] = "/tmp/rw-backend-XXXXXX";
    root_ = mkdtemp(name);
  }
  ~LocalBackendTest() override { (void)fs_.RemoveTree(root_); }
  LocalBackend Make() {
    return LocalBackend(fs_, launcher_,
                        {root_ + "/runs",
                         "/bin/shim",
                         "/bin/runwright",
                         "http://127.0.0.1:1",
                         root_ + "/endpoint",
                         {"PATH=/bin"}});
  }
  Status Start(LocalBackend& backend) {
    Status result = Error(Code::kInternal, "no answer");
    backend.Start({AllocationId("a1"), RunId("r1"), "local-0", "s3cret"},
                  [&](Status s) { result = std::move(s); });
    return result;
  }
  void WriteState(const std::string& name, const std::string& text) {
    ASSERT_TRUE(os::WriteFileAtomically(fs_, root_ + "/runs/r1/state/" + name, text));
  }
  Life Probe(LocalBackend& backend) { return backend.Probe(RunId("r1"), AllocationId("a1")); }

  os::FileSystem& fs_ = os::PosixFileSystem();
  FakeLauncher launcher_;
  std::string root_;
};

TEST_F(LocalBackendTest, WritesTheClaimPrivatelyAndSpawnsTheShim) {
  LocalBackend backend = Make();
  ASSERT_TRUE(Start(backend));
  std::string run_dir = root_ + "/runs/r1";
  ASSERT_EQ(launcher_.specs.size(), 1u);
  EXPECT_EQ(
      launcher_.specs[0].argv,
      (std::vector<std::string>{"/bin/shim", run_dir, "/bin/runwright", "executor", run_dir}));
  EXPECT_EQ(launcher_.specs[0].environment, std::vector<std::string>{"PATH=/bin"});
  EXPECT_EQ(fs_.Stat(run_dir + "/state/claim.json")->mode & 0777, 0600u);
  EXPECT_EQ(fs_.Stat(run_dir)->mode & 0777, 0700u);
  auto claim = json::Parse(*os::ReadFile(fs_, run_dir + "/state/claim.json"));
  EXPECT_EQ(claim->StringOr("secret"), "s3cret");
  EXPECT_EQ(claim->StringOr("allocation_id"), "a1");
}

TEST_F(LocalBackendTest, RunsOfAnEarlierRunRootAreFound) {
  LocalBackend first = Make();
  ASSERT_TRUE(Start(first));
  launcher_.alive[101] = true;
  WriteState("shim", "101 5 " + os::BootId() + "\n");
  LocalOptions moved{.runs_dir = root_ + "/elsewhere", .older_runs_dirs = {root_ + "/runs"}};
  LocalBackend second(fs_, launcher_, moved);
  EXPECT_EQ(Probe(second), Life::kAlive);
  EXPECT_EQ(second.FolderOf(RunId("r1")), root_ + "/runs/r1");
  EXPECT_EQ(second.FolderOf(RunId("r2")), root_ + "/elsewhere/r2");
}

TEST_F(LocalBackendTest, ProofOfDeathIsTheShimsIdentity) {
  LocalBackend first = Make();
  EXPECT_EQ(Probe(first), Life::kNotBegun);
  ASSERT_TRUE(Start(first));
  launcher_.alive[101] = true;
  EXPECT_EQ(Probe(first), Life::kAlive);
  launcher_.alive.clear();
  EXPECT_EQ(Probe(first), Life::kDead);

  LocalBackend second = Make();  // after a restart of the server
  EXPECT_EQ(Probe(second), Life::kUnknown) << "the claim is there, the shim may be about to begin";
  WriteState("shim", "101 5 " + os::BootId() + "\n");
  EXPECT_EQ(Probe(second), Life::kDead);
  launcher_.alive[101] = true;
  EXPECT_EQ(Probe(second), Life::kAlive);
  EXPECT_EQ(second.Probe(RunId("r1"), AllocationId("a2")), Life::kNotBegun);
}

TEST_F(LocalBackendTest, AShimThatFoundTheFolderTakenIsNoProof) {
  LocalBackend backend = Make();
  ASSERT_TRUE(Start(backend));
  EXPECT_EQ(Probe(backend), Life::kDead);
  WriteState("shim", "77 5 " + os::BootId() + "\n");
  launcher_.alive[77] = true;  // of an earlier server, which died before it could tell
  EXPECT_EQ(Probe(backend), Life::kAlive);
}

TEST_F(LocalBackendTest, ClaimOfAnotherBootIsProof) {
  LocalBackend first = Make();
  ASSERT_TRUE(Start(first));
  WriteState("claim.json", R"({"allocation_id":"a1","boot_id":"another"})");
  LocalBackend second = Make();
  EXPECT_EQ(Probe(second), Life::kDead);
}

TEST_F(LocalBackendTest, FailureToSpawnLeavesNoClaim) {
  launcher_.refuse = true;
  LocalBackend backend = Make();
  auto status = Start(backend);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message().find("r1"), std::string::npos);
  EXPECT_EQ(Probe(backend), Life::kNotBegun);
}

TEST_F(LocalBackendTest, KillsWhatADeadShimLeft) {
  LocalBackend backend = Make();
  ASSERT_TRUE(Start(backend));
  backend.KillRemains(RunId("r1"));
  EXPECT_TRUE(launcher_.signals.empty());
  WriteState("started", "200 7 boot 12345\n");
  launcher_.alive[200] = true;
  backend.KillRemains(RunId("r1"));
  EXPECT_EQ(launcher_.signals, (std::vector<std::pair<int, int>>{{200, 9}}));
  EXPECT_EQ(launcher_.environments,
            std::vector<std::string>{"RUNWRIGHT_RUN_DIR=" + root_ + "/runs/r1"})
      << "what it had started, too";
  EXPECT_TRUE(launcher_.groups.empty());
  WriteState("group", "/sys/fs/cgroup/memory/runwright-7\n");
  backend.KillRemains(RunId("r1"));
  EXPECT_EQ(launcher_.groups, std::vector<std::string>{"/sys/fs/cgroup/memory/runwright-7"});
  size_t before = launcher_.specs.size();
  WriteState("container",
             std::string("cwd=/\0out=/log\0arg=/usr/bin/podman\0arg=rm\0env=A=1\0", 50));
  backend.KillRemains(RunId("r1"));
  ASSERT_EQ(launcher_.specs.size(), before + 1) << "what the engine keeps of its container";
  EXPECT_EQ(launcher_.specs.back().argv, (std::vector<std::string>{"/usr/bin/podman", "rm"}));
  EXPECT_EQ(launcher_.specs.back().environment, std::vector<std::string>{"A=1"});
}

TEST(ExitRecord, IsReadAsTheShimWritesIt) {
  EXPECT_EQ(json::Write(ParseExitRecord("code 7 123\n")), R"({"exit_code":7,"time_us":123})");
  EXPECT_EQ(json::Write(ParseExitRecord("signal 9 5\n")), R"({"signal":9,"time_us":5})");
  EXPECT_NE(
      ParseExitRecord("exec-failed 2 /no/python 5\n").StringOr("exec_error").find("/no/python"),
      std::string::npos);
  EXPECT_TRUE(ParseExitRecord("cod").is_null());
}

TEST(InheritedEnvironment, KeepsNamedVariablesOnly) {
  std::string a = "PATH=/bin", b = "RUNWRIGHT_TOKEN=x", c = "HOME=/h";
  char* environment[] = {a.data(), b.data(), c.data(), nullptr};
  EXPECT_EQ(InheritedEnvironment(environment), (std::vector<std::string>{"PATH=/bin", "HOME=/h"}));
}

}  // namespace
}  // namespace rw::backend
