// The guard as a real process, without a container: then it is not process 1, and ends its script
// by process group.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/strings.h"
#include "os/file_system.h"
#include "os/poll_until.h"

namespace rw {
namespace {

class GuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rw-guard-XXXXXX";
    dir_ = mkdtemp(name);
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/state"));
    lock_ = open((dir_ + "/state").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ASSERT_EQ(flock(lock_, LOCK_EX | LOCK_NB), 0);  // as the shim holds it
  }
  void TearDown() override {
    if (lock_ >= 0) close(lock_);
    ASSERT_TRUE(fs_.RemoveTree(dir_));
  }

  void Start(const std::string& script, std::vector<std::string> more = {}) {
    std::vector<std::string> entries = {"cwd=" + dir_, "out=" + dir_ + "/log", "arg=/bin/sh",
                                        "arg=-c", "arg=" + script};
    entries.insert(entries.end(), more.begin(), more.end());
    std::string text;
    for (const std::string& entry : entries) text += entry + '\0';
    ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/state/inside", text));
    std::string state = dir_ + "/state";
    guard_ = fork();
    if (guard_ != 0) return;
    char* environment[] = {const_cast<char*>("PATH=/usr/bin:/bin"), const_cast<char*>("HOME=/"),
                           const_cast<char*>("LIB=theirs"), nullptr};
    execle(GUARD_PROGRAM, "runwright-guard", state.c_str(), nullptr, environment);
    _exit(99);
  }
  /// Its exit code, or 1000 + signal.
  int Wait() {
    int status = 0;
    bool over = os::PollUntil([&] { return waitpid(guard_, &status, WNOHANG) == guard_; },
                              std::chrono::milliseconds(5), std::chrono::seconds(20));
    if (!over) kill(guard_, SIGKILL);
    EXPECT_TRUE(over);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  std::string Read(const std::string& name) {
    return os::ReadFile(fs_, dir_ + "/" + name).value_or("(none)");
  }
  void WaitForLog(const std::string& text) {
    EXPECT_TRUE(os::PollUntil([&] { return Read("log").find(text) != std::string::npos; },
                              std::chrono::milliseconds(5), std::chrono::seconds(20)))
        << Read("log");
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string dir_;
  int lock_ = -1;
  pid_t guard_ = 0;
};

TEST_F(GuardTest, TellsTheExitCodeAndTheEnvironment) {
  Start("echo \"$PATH|$LIB|$NEW|$HOME|$A\"; exit 125",
        {"front=PATH=/first", "front=LIB=ours", "front=NEW=only", "default=HOME=" + dir_,
         "env=A=two\nlines"});
  EXPECT_EQ(Wait(), 125);
  EXPECT_EQ(Read("log"), "/first:/usr/bin:/bin|ours:theirs|only|" + dir_ + "|two\nlines\n");
  EXPECT_EQ(Read("state/ended").substr(0, 9), "code 125 ");
}

TEST_F(GuardTest, TellsASignal) {
  Start("kill -9 $$");
  EXPECT_EQ(Wait(), 137);
  EXPECT_EQ(Read("state/ended").substr(0, 9), "signal 9 ");
}

TEST_F(GuardTest, TellsWhatCouldNotBeExecuted) {
  Start("", {"arg=ignored"});
  EXPECT_EQ(Wait(), 0);
  std::string text;
  for (const std::string& entry :
       {"cwd=" + dir_, "out=" + dir_ + "/log", std::string("arg=/no/python")})
    text += entry + '\0';
  ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/state/inside", text));
  std::string state = dir_ + "/state";
  guard_ = fork();
  if (guard_ == 0) {
    execl(GUARD_PROGRAM, "runwright-guard", state.c_str(), nullptr);
    _exit(99);
  }
  EXPECT_EQ(Wait(), 127);
  std::string ended = Read("state/ended");
  EXPECT_EQ(ended.substr(0, 14), "exec-failed 2 ");
  EXPECT_NE(ended.find(" path /no/python\n"), std::string::npos);
}

TEST_F(GuardTest, HandsSignalsOn) {
  Start("trap 'echo term; exit 5' TERM; echo up; while :; do :; done");
  WaitForLog("up");
  kill(guard_, SIGTERM);
  EXPECT_EQ(Wait(), 5);
  EXPECT_EQ(Read("log"), "up\nterm\n") << "once";
}

TEST_F(GuardTest, WhatTheScriptLeavesBehindEnds) {
  Start(
      "(trap 'echo left; exit' TERM; echo up; while :; do :; done) & "
      "while ! grep -q up log; do sleep 0.01; done; exit 3");
  EXPECT_EQ(Wait(), 3);
  EXPECT_EQ(Read("log"), "up\nleft\n");
}

TEST_F(GuardTest, EndsWithItsSupervisor) {
  Start("echo up; while :; do sleep 0.01; done");
  WaitForLog("up");
  close(std::exchange(lock_, -1));
  EXPECT_EQ(Wait(), 137);
  EXPECT_EQ(Read("state/ended"), "(none)");
}

TEST_F(GuardTest, ALockThatNobodyHoldsSaysNothing) {
  close(std::exchange(lock_, -1));
  Start("sleep 0.2; exit 4");
  EXPECT_EQ(Wait(), 4);
}

}  // namespace
}  // namespace rw
