// Real shim, real executor, real Python over loopback; only the server is scripted.
#include "os/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/strings.h"
#include "cas/folder_blob_store.h"
#include "cas/tree.h"
#include "executor/testing/scripted_server.h"
#include "journal/record.h"
#include "net/asio_loop.h"
#include "net/server.h"

namespace rw::executor {
namespace {

using std::chrono::milliseconds;

class ProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rw-executor-XXXXXX";
    dir_ = mkdtemp(name);
    // Longer than what sockaddr_un holds.
    run_ = dir_ + "/" + std::string(90, 'd') + "/run";
    ASSERT_TRUE(fs_.MakeDirs(run_ + "/state"));
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/spool"));
    Listen();
  }
  void TearDown() override {
    if (shim_ > 0) {
      kill(shim_, SIGTERM);
      Away();
      ASSERT_TRUE(fs_.RemoveTree(run_ + "/state/claim.json"));  // it leaves: nobody asks any more
      waitpid(shim_, nullptr, 0);
    }
    http_.reset();
    ASSERT_TRUE(fs_.RemoveTree(dir_));
  }

  void Listen() {
    net::ServerOptions options;
    options.spool_dir = dir_ + "/spool";
    options.inline_limit = 16 << 20;
    auto listening = net::HttpServer::Listen(
        loop_, options, [](const net::Request&) { return Ok(); },
        [this](net::Request request, std::shared_ptr<net::Responder> responder) {
          server_.Send(std::move(request), milliseconds(0), [responder](Result<net::Response> r) {
            if (r) responder->Send(std::move(*r));
          });
        });
    ASSERT_TRUE(listening);
    http_ = std::move(*listening);
    url_ = "http://" + http_->address();
    ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/endpoint", url_ + "\n"));
  }
  void Away() { http_.reset(); }

  void Submit(const std::string& script, json::Object spec = {}) {
    cas::FolderBlobStore store(fs_, dir_ + "/blobs");
    cas::Digest file = cas::Digest::Of(script);
    ASSERT_TRUE(store.Put(file, script));
    std::string tree = cas::EncodeTree({{cas::EntryMode::kFile, file, script.size(), "train.py"}});
    ASSERT_TRUE(store.Put(cas::Digest::Of(tree), tree));
    spec["snapshot_id"] = cas::Digest::Of(tree).Hex();
    spec["script"] = "train.py";
    spec["interpreter"] = "/usr/bin/python3";
    spec["blob_dir"] = dir_ + "/blobs";
    spec["sdk_path"] = PYTHON_FOLDER;
    server_.grant = json::Object{{"token", "T"},
                                 {"fence", 1},
                                 {"spec", spec},
                                 {"run", json::Object{{"run_id", "r1"}, {"experiment", "e"}}}};
    json::Value claim = json::Object{{"allocation_id", "a"},
                                     {"run_id", "r1"},
                                     {"secret", "s"},
                                     {"server_url", url_},
                                     {"endpoint_file", dir_ + "/endpoint"}};
    ASSERT_TRUE(os::WriteFileAtomically(fs_, run_ + "/state/claim.json", json::Write(claim)));
    shim_ = fork();
    if (shim_ == 0) {
      char* environment[] = {const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
      execle(SHIM_PROGRAM, "runwright-shim", run_.c_str(), EXECUTOR_PROGRAM, run_.c_str(), nullptr,
             environment);
      _exit(127);
    }
  }
  /// Runs the loop until `until` holds; false after 30 s.
  bool RunUntil(std::function<bool()> until) {
    bool held = false;
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::function<void()> check = [&] {
      held = until();
      if (held || std::chrono::steady_clock::now() > deadline) return loop_.Stop();
      loop_.After("check", milliseconds(1), check);
    };
    loop_.Post("check", check);
    loop_.Run();
    return held;
  }
  bool RunUntilShimEnds() {
    return RunUntil([this] {
      int status = 0;
      if (waitpid(shim_, &status, WNOHANG) != shim_) return false;
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
      shim_ = 0;
      return true;
    });
  }
  int ExecutorPid() {
    std::string path =
        "/proc/" + std::to_string(shim_) + "/task/" + std::to_string(shim_) + "/children";
    for (const std::string& word : Split(Trim(os::ReadFile(fs_, path).value_or("")), ' ')) {
      auto command = os::ReadFile(fs_, "/proc/" + word + "/cmdline");
      if (command && command->find(EXECUTOR_PROGRAM) == 0) return atoi(word.c_str());
    }
    return 0;
  }
  void KillExecutor() {
    int pid = ExecutorPid();
    if (pid > 0) kill(pid, SIGKILL);
  }
  std::string LocalLog() { return os::ReadFile(fs_, run_ + "/" + kLog).value_or(""); }

  static constexpr char kLog[] = "azureml-logs/70_driver_log.txt";
  os::FileSystem& fs_ = os::PosixFileSystem();
  net::AsioLoop loop_;
  testing::ScriptedServer server_{loop_};
  std::unique_ptr<net::HttpServer> http_;
  std::string dir_;
  std::string run_;
  std::string url_;
  pid_t shim_ = 0;
};

constexpr char kSteps[] = R"(
import sys, time
from runwright.run import current
run = current()
for i in range(1000):
    run.log("i", i)
    print(i)
    time.sleep(0.001)
open("outputs/result.txt", "w").write("done")
sys.exit(7)
)";

TEST_F(ProcessTest, NothingIsLostWhenExecutorAndServerDie) {
  Submit(kSteps);
  auto printed = [this] { return server_.logs[kLog].size(); };
  ASSERT_TRUE(RunUntil([&] { return printed() > 100; }));
  KillExecutor();
  ASSERT_TRUE(RunUntil([&] { return printed() > 500; }));
  Away();
  KillExecutor();
  ASSERT_TRUE(RunUntil([&] { return LocalLog().size() > 2500; })) << "the script goes on alone";
  Listen();
  ASSERT_TRUE(RunUntil([&] { return printed() > 2600; }));
  KillExecutor();
  ASSERT_TRUE(RunUntilShimEnds());
  std::string expected;
  for (int i = 0; i < 1000; i++) expected += std::to_string(i) + "\n";
  EXPECT_EQ(server_.logs[kLog], expected);
  ASSERT_EQ(server_.journals.size(), 1u);
  auto batch = journal::ParseRecords(server_.journals.begin()->second, 0);
  std::vector<double> values;
  for (const auto& record : batch.records)
    if (record.kind == journal::Kind::kNumber)
      values.push_back(journal::ParseNumber(record.body)->value);
  ASSERT_EQ(values.size(), 1000u);
  for (int i = 0; i < 1000; i++) EXPECT_EQ(values[i], i);
  EXPECT_EQ(server_.Report("exited").IntOr("exit_code", 0), 7);
  EXPECT_TRUE(server_.Reported("finished"));
  EXPECT_EQ(server_.artifacts.count("outputs/result.txt"), 1u);
}

TEST_F(ProcessTest, AKilledScriptLosesNoLine) {
  Submit("import os\nfor i in range(2000): print(i)\nos.kill(os.getpid(), 9)\n");
  ASSERT_TRUE(RunUntilShimEnds());
  EXPECT_TRUE(server_.logs[kLog].ends_with("\n1999\n"));
  EXPECT_EQ(server_.Report("exited").IntOr("signal", 0), 9);
}

TEST_F(ProcessTest, DeathsAreNamedAndLoseNothing) {
  struct Death {
    const char* code;
    const char* message;
  };
  const Death deaths[] = {
      {"import ctypes; ctypes.string_at(0)", "User program was killed by SIGSEGV"},
      {"os.abort()", "User program was killed by SIGABRT"},
      {"t = threading.Thread(target=lambda: os._exit(3)); t.start(); t.join()",
       "User program ended with exit code 3"},
  };
  for (const Death& death : deaths) {
    server_.claimed_by.clear();
    server_.reports.clear();
    server_.journals.clear();
    server_.logs.clear();
    ASSERT_TRUE(fs_.RemoveTree(run_));
    ASSERT_TRUE(fs_.MakeDirs(run_ + "/state"));
    Submit(std::string("import os, threading\nfrom runwright.run import current\nrun = current()\n"
                       "for i in range(500):\n  run.log('i', i)\n  print(i)\n") +
           death.code + "\n");
    ASSERT_TRUE(RunUntilShimEnds()) << death.code;
    EXPECT_TRUE(server_.Report("exited")["error"].StringOr("message").starts_with(death.message))
        << json::Write(server_.Report("exited"));
    EXPECT_GT(server_.Report("exited")["summary"].IntOr("peak_memory_bytes", 0), 1'000'000);
    EXPECT_NE(server_.logs[kLog].find("\n499\n"), std::string::npos);
    ASSERT_EQ(server_.journals.size(), 1u);
    EXPECT_EQ(journal::ParseRecords(server_.journals.begin()->second, 0).records.size(), 501u);
  }
}

TEST_F(ProcessTest, FlushAtTheSocketWaitsForTheServer) {
  Submit(R"(
from runwright.run import current
run = current()
run.log("x", 1.5)
run.flush()
print("flushed")
)");
  ASSERT_TRUE(RunUntilShimEnds());
  EXPECT_EQ(server_.logs[kLog], "flushed\n");
  EXPECT_EQ(server_.Report("exited").IntOr("exit_code", -1), 0);
}

TEST_F(ProcessTest, TheScriptSeesOnlyItsOwnEnvironment) {
  Submit(
      "import os\nprint()\nfor k, v in os.environ.items(): print(k, v)\nprint(os.listdir('.'), "
      "os.getcwd())\n");
  ASSERT_TRUE(RunUntilShimEnds());
  const std::string& log = server_.logs[kLog];
  EXPECT_NE(log.find("AZUREML_RUN_TOKEN use-exec-sock"), std::string::npos);
  EXPECT_NE(log.find("'logs'"), std::string::npos);
  EXPECT_NE(log.find("\nHOME /"), std::string::npos)
      << "also where the server's environment is bare";
  EXPECT_NE(log.find("\nUSER "), std::string::npos);
  EXPECT_EQ(log.find("Bearer"), std::string::npos);
}

TEST_F(ProcessTest, CancelEndsEveryProcess) {
  Submit(R"(
import subprocess, signal, time
signal.signal(signal.SIGTERM, lambda *a: None)
p = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"], start_new_session=True)
print(p.pid, flush=True)
while True: time.sleep(1)
)");
  ASSERT_TRUE(RunUntil([&] { return !server_.logs[kLog].empty(); }));
  int child = atoi(server_.logs[kLog].c_str());
  server_.cancel_grace_ms = 100;
  ASSERT_TRUE(RunUntilShimEnds());
  EXPECT_FALSE(os::IdentityOf(child)) << child;
  EXPECT_EQ(server_.Report("exited").IntOr("signal", 0), 9);
}

TEST_F(ProcessTest, NothingRemainsOfARunWhoseFolderWasRemoved) {
  Submit("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(1000)\n");
  ASSERT_TRUE(RunUntil([&] { return !server_.logs[kLog].empty(); }));
  int script = atoi(server_.logs[kLog].c_str());
  ASSERT_TRUE(fs_.RemoveTree(run_));
  KillExecutor();
  ASSERT_TRUE(RunUntilShimEnds());
  EXPECT_FALSE(os::IdentityOf(script));
}

TEST_F(ProcessTest, ADeadShimFailsTheAttemptAndLeavesNoProcess) {
  Submit(R"(
import subprocess, time
p = subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
print(p.pid, flush=True)
time.sleep(1000)
)");
  ASSERT_TRUE(RunUntil([&] { return !server_.logs[kLog].empty() && server_.Reported("started"); }));
  int child = atoi(server_.logs[kLog].c_str());
  int executor = ExecutorPid();
  ASSERT_EQ(kill(shim_, SIGKILL), 0);
  ASSERT_EQ(waitpid(shim_, nullptr, 0), shim_);
  shim_ = 0;
  ASSERT_TRUE(RunUntil([&] { return server_.Reported("failed"); }));
  EXPECT_NE(server_.Report("failed").StringOr("message").find("Supervisor lost"),
            std::string::npos);
  for (int pid : {child, executor}) {
    EXPECT_TRUE(RunUntil([&] {
      auto identity = os::IdentityOf(pid);
      return !identity || !os::PosixProcessLauncher().IsAlive(*identity);
    })) << pid;
  }
}

}  // namespace
}  // namespace rw::executor
