// Launching, signals, the end of scripts.
#include "base/strings.h"
#include "os/process.h"
#include "shim/testing/shim_fixture.h"

namespace rw::shim {
namespace {

using std::chrono::steady_clock;
using testing::IsRunning;
using testing::ShimTest;

TEST_F(ShimTest, RunsAScriptAndRecordsItsEnd) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("echo out; echo err >&2; pwd; env; ls -l /proc/self/fd | grep -c '[3-9] ->'; exit 7");
  Send("LAUNCH");
  int pid = WaitStarted();
  EXPECT_EQ(Next(), "EXITED code 7");
  EXPECT_EQ(Next(), "GONE");
  EXPECT_EQ(FileText("state/exit").substr(0, 7), "code 7 ");
  auto started = Split(Trim(FileText("state/started")), ' ');
  ASSERT_EQ(started.size(), 5u);
  EXPECT_EQ(started[0], std::to_string(pid));
  EXPECT_EQ(started[2], os::BootId());
  std::string log = FileText("log");
  EXPECT_EQ(log.substr(0, 8), "out\nerr\n");
  EXPECT_NE(log.find("/work\n"), std::string::npos);
  EXPECT_NE(log.find("A=1\n"), std::string::npos);
  EXPECT_EQ(log.find("HOME="), std::string::npos) << "only what state/launch says";
  auto facts = Split(Trim(FileText("state/shim")), ' ');
  EXPECT_EQ(facts[0], std::to_string(shim_));
  Finish();
}

TEST_F(ShimTest, LaunchesOnceWhateverIsAsked) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("echo once >> ran; read x < gate; exit 0");
  ASSERT_EQ(mkfifo((dir_ + "/work/gate").c_str(), 0600), 0);
  Send("LAUNCH");
  int pid = WaitStarted();
  Send("LAUNCH");
  EXPECT_EQ(WaitStarted(), pid);
  for (int i = 0; i < 3; i++) {
    KillExecutor();
    EXPECT_EQ(WaitStarted(), pid);
    Send("LAUNCH");
    EXPECT_EQ(WaitStarted(), pid);
  }
  int gate = open((dir_ + "/work/gate").c_str(), O_WRONLY);
  ASSERT_EQ(write(gate, "\n", 1), 1);
  close(gate);
  EXPECT_EQ(Next(), "EXITED code 0");
  EXPECT_EQ(Next(), "GONE");
  Send("LAUNCH");
  EXPECT_EQ(Next(), "EXITED code 0");
  EXPECT_EQ(Next(), "GONE");
  KillExecutor();
  EXPECT_EQ(Next(), "EXITED code 0");
  EXPECT_EQ(Next(), "GONE");
  EXPECT_EQ(FileText("work/ran"), "once\n");
  Finish();
}

TEST_F(ShimTest, TellsTheEndToAnExecutorThatWasAwayWhenItHappened) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript("kill -9 $$");
  Send("LAUNCH");
  WaitStarted();
  EXPECT_EQ(Next(), "EXITED signal 9");
  EXPECT_EQ(Next(), "GONE");
  KillExecutor();
  EXPECT_EQ(Next(), "EXITED signal 9");
  EXPECT_EQ(FileText("state/exit").substr(0, 9), "signal 9 ");
}

TEST_F(ShimTest, SaysWhatCouldNotBeExecuted) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteLaunch({"/no such/python", "train.py"});
  Send("LAUNCH");
  EXPECT_EQ(Next(), "EXITED exec-failed 2");
  EXPECT_EQ(Next(), "GONE");
  EXPECT_EQ(FileText("state/exit").substr(0, 29), "exec-failed 2 /no such/python");
  EXPECT_EQ(FileText("state/started"), "(none)");
}

TEST_F(ShimTest, KillReachesProcessesThatLeftTheGroup) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript(
      "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ > deep; while :; do sleep 100; done' & "
      "wait");
  Send("LAUNCH");
  WaitStarted();
  WaitForFile("deep");
  int deep = atoi(FileText("work/deep").c_str());
  EXPECT_TRUE(IsRunning(deep));
  Send("SIGNAL 15");  // ignored by both, so only KILL ends them
  Send("KILL");
  EXPECT_EQ(Next(), "EXITED signal 9");
  EXPECT_EQ(Next(), "GONE");
  WaitUntilOver(deep);
}

TEST_F(ShimTest, SignalsTheWholeTree) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript(
      "setsid sh -c 'trap \"echo term > child; exit 0\" TERM; echo up > child_up; "
      "while :; do sleep 0.01; done' & "
      "trap 'echo term > main' TERM; wait; wait; exit 3");
  Send("LAUNCH");
  WaitStarted();
  WaitForFile("child_up");
  Send("SIGNAL 15");
  EXPECT_EQ(Next(), "EXITED code 3");
  EXPECT_EQ(Next(), "GONE");
  EXPECT_EQ(FileText("work/main"), "term\n");
  EXPECT_EQ(FileText("work/child"), "term\n");
}

TEST_F(ShimTest, OfAContainerTheEnginesClientAloneGetsSignals) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript(
      "setsid sh -c 'trap \"echo term > inside\" TERM; echo up > inside_up; "
      "while :; do sleep 0.01; done' & "
      "trap 'echo term > client; exit 3' TERM; while :; do sleep 0.01; done");
  std::string text = *os::ReadFile(fs_, dir_ + "/state/launch");
  ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/state/launch",
                                      text + "container=1" + std::string(1, '\0')));
  Send("LAUNCH");
  WaitStarted();
  WaitForFile("inside_up");
  Send("SIGNAL 15");
  EXPECT_EQ(Next(), "EXITED code 3");
  EXPECT_EQ(Next(), "GONE") << "what the client left is killed";
  EXPECT_EQ(FileText("work/client"), "term\n");
  EXPECT_FALSE(os::Exists(fs_, dir_ + "/work/inside")) << "the client would have handed it on";
}

TEST_F(ShimTest, LeftoversGetTermThenKill) {
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  WriteScript(
      "setsid sh -c 'trap \"echo term > left\" TERM; echo $$ > pid; while :; do sleep 0.01; done' "
      "& "
      "while [ ! -s pid ]; do sleep 0.01; done; exit 0");
  Send("LAUNCH");
  WaitStarted();
  EXPECT_EQ(Next(), "EXITED code 0");
  auto exited = steady_clock::now();
  EXPECT_EQ(Next(), "GONE");
  EXPECT_GE(steady_clock::now() - exited, std::chrono::milliseconds(1500));
  EXPECT_EQ(FileText("work/left"), "term\n");
  EXPECT_FALSE(IsRunning(atoi(FileText("work/pid").c_str())));
}

}  // namespace
}  // namespace rw::shim
