// Who dies, what is left, who comes again.
#include <sys/prctl.h>

#include "base/strings.h"
#include "shim/testing/shim_fixture.h"

namespace rw::shim {
namespace {

using std::chrono::steady_clock;
using testing::ShimTest;

TEST_F(ShimTest, AnUnknownLaunchIsNeverRepeated) {
  ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/state/launching", "1\n"));
  WriteScript("echo ran > ran");
  StartShim();
  EXPECT_EQ(Next(), "UNKNOWN");
  Send("LAUNCH");
  EXPECT_EQ(Next(), "UNKNOWN");
  EXPECT_EQ(FileText("work/ran"), "(none)");
  Finish();
}

TEST_F(ShimTest, TermOfTheShimEndsTheScriptAndKeepsTheRecord) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("sleep 1000");
  Send("LAUNCH");
  WaitStarted();
  ASSERT_EQ(kill(shim_, SIGTERM), 0);
  EXPECT_EQ(Next(), "EXITED signal 15");
  EXPECT_EQ(Next(), "GONE");
  EXPECT_EQ(FileText("state/exit").substr(0, 10), "signal 15 ");
  Finish();
}

TEST_F(ShimTest, TheScriptDoesNotOutliveTheShim) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("exec sleep 1000");
  Send("LAUNCH");
  int pid = WaitStarted();
  ASSERT_EQ(kill(shim_, SIGKILL), 0);
  ASSERT_EQ(waitpid(shim_, nullptr, 0), shim_);
  shim_ = 0;
  WaitUntilOver(pid);
  WaitUntilOver(executor_);  // the stand-in ends when its link is closed
}

TEST_F(ShimTest, ASecondShimLeavesTheFolderAlone) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  std::string first = FileText("state/shim");
  pid_t second = fork();
  if (second == 0) {
    execl(SHIM_PROGRAM, "runwright-shim", dir_.c_str(), STAND_IN_PROGRAM, dir_.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(second, &status, 0), second);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  EXPECT_EQ(FileText("state/shim"), first);
  KillExecutor();  // the next line is the first shim's
  EXPECT_EQ(Next(), "IDLE");
  Finish();
}

TEST_F(ShimTest, NotesPeakMemoryAndTimeOfTheEnd) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteLaunch({"/usr/bin/python3", "-c", "b = b'x' * 150_000_000"});
  Send("LAUNCH");
  WaitStarted();
  EXPECT_EQ(Next(), "EXITED code 0");
  auto words = Split(Trim(FileText("state/usage")), ' ');
  ASSERT_EQ(words[0], "peak_bytes");
  EXPECT_GE(ParseInt(words[1]).value_or(0), 150'000'000);
  EXPECT_EQ(words[words.size() - 2], "boot_us");
  int64_t start = ParseInt(Split(Trim(FileText("state/started")), ' ')[4]).value_or(0);
  EXPECT_GT(start, 0);
  EXPECT_GE(ParseInt(words.back()).value_or(0), start);
  Finish();
}

TEST_F(ShimTest, TheScriptsControlGroupIsGoneAfterwards) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("cat /proc/self/cgroup > group; echo > done");
  Send("LAUNCH");
  WaitStarted();
  EXPECT_EQ(Next(), "EXITED code 0");
  EXPECT_EQ(Next(), "GONE");
  if (FileText("work/group").find("runwright-") == std::string::npos)
    GTEST_SKIP() << "this user may make no memory control group";
  EXPECT_EQ(FileText("state/usage").find("group_oom -1"), std::string::npos);
  EXPECT_EQ(FileText("state/group"), "(none)");
  Finish();
}

TEST_F(ShimTest, TheGroupOfAScriptThatNeverStartedIsGoneAfterwards) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  std::string group;
  auto made = [&] {
    group = std::string(Trim(FileText("state/group")));
    return group != "(none)" && os::Exists(fs_, group);
  };
  if (!os::PollUntil(made, kLookAgain, std::chrono::seconds(1)))
    GTEST_SKIP() << "this user may make no memory control group";
  Finish();
  EXPECT_FALSE(os::Exists(fs_, group));
  EXPECT_EQ(FileText("state/group"), "(none)");
}

TEST_F(ShimTest, TheNextShimRemovesTheGroupOfOneThatWasKilled) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("exec sleep 1000");
  Send("LAUNCH");
  int script = WaitStarted();
  std::string group = std::string(Trim(FileText("state/group")));
  if (group == "(none)") GTEST_SKIP() << "this user may make no memory control group";
  ASSERT_EQ(kill(shim_, SIGKILL), 0);
  ASSERT_EQ(waitpid(shim_, nullptr, 0), shim_);
  shim_ = 0;
  WaitUntilOver(script);
  WaitUntilOver(executor_);
  EXPECT_TRUE(os::Exists(fs_, group));
  auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (os::Exists(fs_, group)) {  // until the killed ones are reaped
    ASSERT_LT(steady_clock::now(), deadline);
    ASSERT_TRUE(fs_.RemoveTree(dir_ + "/state"));
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/state"));
    StartShim();
    EXPECT_EQ(Next(), "IDLE");
    WriteScript("exit 0");
    Send("LAUNCH");
    WaitStarted();
    EXPECT_EQ(Next(), "EXITED code 0");
    EXPECT_EQ(Next(), "GONE");
    Finish();
  }
}

TEST_F(ShimTest, RestartsAnExecutorAgainAndAgain) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  auto begin = steady_clock::now();
  for (int i = 0; i < 4; i++) {
    int before = executor_;
    KillExecutor();
    EXPECT_NE(executor_, before);
    EXPECT_EQ(Next(), "IDLE");
  }
  // At once, then after 100, 200 and 400 ms.
  EXPECT_GE(steady_clock::now() - begin, std::chrono::milliseconds(650));
  Finish();
}

}  // namespace
}  // namespace rw::shim
