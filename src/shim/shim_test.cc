// The shim as a real process: a stand-in for the executor passes messages, scripts are /bin/sh.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"
#include "os/process.h"

namespace rw {
namespace {

using std::chrono::steady_clock;

bool IsRunning(int pid) {
  auto stat = os::ReadFile(os::PosixFileSystem(), "/proc/" + std::to_string(pid) + "/stat");
  return stat && stat->find(") Z") == std::string::npos;
}

class ShimTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rw-shim-XXXXXX";
    dir_ = mkdtemp(name);
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/state"));
    ASSERT_TRUE(fs_.MakeDirs(dir_ + "/work"));
    ASSERT_EQ(mkfifo((dir_ + "/to").c_str(), 0600), 0);
    ASSERT_EQ(mkfifo((dir_ + "/from").c_str(), 0600), 0);
    to_ = open((dir_ + "/to").c_str(), O_RDWR | O_CLOEXEC);
    from_ = open((dir_ + "/from").c_str(), O_RDWR | O_CLOEXEC);
  }
  void TearDown() override {
    if (shim_ > 0) {
      Send("KILL");
      if (executor_ > 0) Finish();
    }
    close(to_);
    close(from_);
    ASSERT_TRUE(fs_.RemoveTree(dir_));
  }

  /// `before`: a command that executes what follows.
  void StartShim(std::vector<std::string> before = {}) {
    before.insert(before.end(), {shim_program_, dir_, stand_in_program_, dir_});
    std::vector<char*> words;
    for (std::string& word : before) words.push_back(word.data());
    words.push_back(nullptr);
    shim_ = fork();
    if (shim_ == 0) {
      execvp(words[0], words.data());
      _exit(127);
    }
    WaitHello();
  }
  void Finish() {
    Send("BYE");
    Send("exit");
    int status = 0;
    ASSERT_EQ(waitpid(shim_, &status, 0), shim_);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    shim_ = executor_ = 0;
  }
  void WriteLaunch(const std::vector<std::string>& arguments) {
    std::string text = "cwd=" + dir_ + "/work" + '\0' + "out=" + dir_ + "/log" + '\0';
    for (const std::string& argument : arguments) text += "arg=" + argument + '\0';
    text += std::string("env=PATH=/usr/bin:/bin") + '\0' + "env=A=1" + '\0' + more_;
    ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/state/launch", text));
  }
  void WriteScript(const std::string& script) { WriteLaunch({"/bin/sh", "-c", script}); }
  void Send(const std::string& line) {
    std::string text = line + "\n";
    ASSERT_EQ(write(to_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string Next() {
    auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (lines_.empty() && steady_clock::now() < deadline) {
      pollfd fd{from_, POLLIN, 0};
      if (poll(&fd, 1, 100) <= 0) continue;
      char buffer[4096];
      ssize_t n = read(from_, buffer, sizeof buffer);
      for (char c : std::string(buffer, n > 0 ? n : 0)) {
        if (c == '\n') {
          lines_.push_back(partial_);
          partial_.clear();
        } else {
          partial_ += c;
        }
      }
    }
    if (lines_.empty()) return "(nothing within 10 s)";
    std::string line = lines_.front();
    lines_.pop_front();
    return line;
  }
  void WaitHello() {
    std::string line = Next();
    ASSERT_EQ(line.substr(0, 6), "HELLO ");
    executor_ = atoi(line.c_str() + 6);
  }
  int WaitStarted() {
    std::string line = Next();
    EXPECT_EQ(line.substr(0, 8), "STARTED ") << line;
    return atoi(line.c_str() + 8);
  }
  void KillExecutor() {
    ASSERT_EQ(kill(executor_, SIGKILL), 0);
    WaitHello();
  }
  std::string FileText(const std::string& name) {
    auto text = os::ReadFile(fs_, dir_ + "/" + name);
    return text ? *text : "(none)";
  }
  /// Until a script has written `text` (and a newline) into work/`name`.
  void WaitForFile(const std::string& name) {
    auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (FileText("work/" + name).find('\n') == std::string::npos) {
      ASSERT_LT(steady_clock::now(), deadline);
      usleep(2000);
    }
  }
  void WaitUntilOver(int pid) {
    auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (IsRunning(pid) && steady_clock::now() < deadline) usleep(2000);
    EXPECT_FALSE(IsRunning(pid)) << pid;
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string shim_program_ = SHIM_PROGRAM;
  std::string stand_in_program_ = STAND_IN_PROGRAM;
  std::string more_;  // at the end of state/launch
  std::string dir_;
  int to_ = -1;
  int from_ = -1;
  pid_t shim_ = 0;
  pid_t executor_ = 0;
  std::deque<std::string> lines_;
  std::string partial_;
};

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

/// A build that scripts share, and the installer's cache.
class ProtectionTest : public ShimTest {
 protected:
  void SetUp() override {
    ShimTest::SetUp();
    packages_ = dir_ + "/build/lib/python3.11/site-packages";
    for (const std::string& folder : {dir_ + "/build/bin", packages_ + "/six", dir_ + "/cache"})
      ASSERT_TRUE(fs_.MakeDirs(folder));
    ASSERT_TRUE(os::WriteFileAtomically(fs_, packages_ + "/six/a.py", "old\n"));
    ASSERT_EQ(link((packages_ + "/six/a.py").c_str(), (dir_ + "/cache/a.py").c_str()), 0);
    ASSERT_TRUE(fs_.SetMode(packages_, 0555));
    more_ = "build=" + dir_ + "/build" + '\0' + "read-only=" + dir_ + "/cache" + '\0' +
            "read-only=" + dir_ + "/none" + '\0';
  }
  /// Whoever runs the tests, as a user without rights; false where that cannot be.
  bool BecomeNobody() {
    if (geteuid() != 0) return true;
    for (std::string* program : {&shim_program_, &stand_in_program_}) {
      std::string copy = dir_ + "/" + std::string(os::BaseName(*program));
      if (Run({"cp", *program, copy}) != 0) return false;
      *program = copy;
    }
    before_ = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    return Run({"chown", "-R", "65534:65534", dir_}) == 0 &&
           Run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "true"}) == 0;
  }
  static int Run(const std::vector<std::string>& words) {
    os::LaunchSpec spec;
    spec.argv = {"/bin/sh", "-c", "exec \"$@\"", "sh"};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    auto result = os::RunCommand(spec, 30'000);
    return result ? result->exit_code : -1;
  }
  /// Its output, when all is over.
  std::string RunScript(const std::string& script) {
    WriteScript(script);
    EXPECT_EQ(chown((dir_ + "/state/launch").c_str(), 65534, 65534), geteuid() == 0 ? 0 : -1);
    StartShim(before_);
    EXPECT_EQ(Next(), "IDLE");
    Send("LAUNCH");
    WaitStarted();
    EXPECT_EQ(Next(), "EXITED code 0");
    EXPECT_EQ(Next(), "GONE");
    Finish();
    return FileText("log");
  }
  void ExpectUntouched() {
    EXPECT_EQ(FileText("build/lib/python3.11/site-packages/six/a.py"), "old\n");
    EXPECT_EQ(FileText("cache/a.py"), "old\n");
    auto entries = fs_.List(packages_);
    ASSERT_TRUE(entries);
    EXPECT_EQ(entries->size(), 1u);
    EXPECT_FALSE(os::Exists(fs_, dir_ + "/overlay")) << "vanishes with the run";
  }
  void ExpectAnOverlay() {
    // What `pip install --upgrade` does: edit, add, replace a folder by a new one of that name.
    EXPECT_EQ(RunScript("cd " + packages_ +
                        "; echo new > six/a.py; cat six/a.py; echo x > top.py; ls"
                        "; rm -r six; mkdir six; echo y > six/b.py; ls six"
                        "; echo z 2>/dev/null > " +
                        dir_ + "/cache/a.py || echo refused"),
              "new\nsix\ntop.py\nb.py\nrefused\n");
    EXPECT_EQ(FileText("state/protection"), "overlay 0 " + dir_ + "/build\n");
    ExpectUntouched();
  }

  std::string packages_;
  std::vector<std::string> before_;
};

TEST_F(ProtectionTest, AScriptChangesItsOwnLayerOfABuildAndNothingElse) { ExpectAnOverlay(); }

TEST_F(ProtectionTest, TheSameForAUserWithoutRights) {
  if (!BecomeNobody()) GTEST_SKIP() << "no setpriv (util-linux) to become another user with";
  ExpectAnOverlay();
}

TEST_F(ProtectionTest, ByteCodeIsALayerOfTheScriptsOwnView) {
  std::string bytecode = dir_ + "/bytecode/lib/python3.11/site-packages/six/__pycache__";
  ASSERT_TRUE(fs_.MakeDirs(bytecode));
  ASSERT_TRUE(os::WriteFileAtomically(fs_, bytecode + "/a.pyc", "code\n"));
  more_ += "bytecode=" + dir_ + "/bytecode" + '\0';
  EXPECT_EQ(RunScript("cd " + packages_ + "/six; ls; cat __pycache__/a.pyc a.py" +
                      "; echo new > __pycache__/a.pyc"),
            "__pycache__\na.py\ncode\nold\n");
  EXPECT_EQ(*os::ReadFile(fs_, bytecode + "/a.pyc"), "code\n");
  ExpectUntouched();
}

TEST_F(ProtectionTest, WhereAnOverlayIsRefusedTheBuildIsReadOnly) {
  ASSERT_TRUE(os::WriteFileAtomically(fs_, dir_ + "/overlay", "in the way"));
  EXPECT_EQ(RunScript("cd " + packages_ + "; echo new > six/a.py || echo refused; cat six/a.py"),
            "/bin/sh: 1: cannot create six/a.py: Read-only file system\nrefused\nold\n");
  EXPECT_EQ(FileText("state/protection").rfind("read-only ", 0), 0u)
      << FileText("state/protection");
  ExpectUntouched();
}

TEST_F(ProtectionTest, WhereNoNamespaceIsAllowedTheScriptRunsAllTheSame) {
  before_ = {"unshare",
             "--user",
             "--map-root-user",
             "sh",
             "-c",
             "echo 0 > /proc/sys/user/max_mnt_namespaces; echo 0 > "
             "/proc/sys/user/max_user_namespaces; exec \"$@\"",
             "sh"};
  if (Run({"unshare", "--user", "--map-root-user", "true"}) != 0)
    GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(RunScript("echo new > " + packages_ + "/six/a.py; echo done"), "done\n");
  EXPECT_EQ(FileText("state/protection").rfind("none ", 0), 0u) << FileText("state/protection");
  EXPECT_EQ(FileText("build/lib/python3.11/site-packages/six/a.py"), "new\n");
}

TEST_F(ProtectionTest, ANamespaceThatIsNoPlaceForAScriptIsLeft) {
  if (geteuid() != 0 || !BecomeNobody()) GTEST_SKIP() << "needs root";
  // As where a user namespace can be made, but its maps cannot be written.
  std::vector<std::string> before = {"unshare",
                                     "--mount",
                                     "sh",
                                     "-c",
                                     "mount --bind /proc /proc; mount -o remount,bind,ro /proc; "
                                     "exec \"$@\"",
                                     "sh"};
  before.insert(before.end(), before_.begin(), before_.end());
  before_ = before;
  EXPECT_EQ(RunScript("id -u; echo $A"), "65534\n1\n");
  EXPECT_EQ(FileText("state/protection"), "none 1 " + dir_ + "/build\n");
}

TEST_F(ProtectionTest, KillReachesTheNamespace) {
  WriteScript("setsid sleep 1000 & echo $! > pid; wait");
  StartShim();
  EXPECT_EQ(Next(), "IDLE");
  Send("LAUNCH");
  WaitStarted();
  WaitForFile("pid");
  int pid = atoi(FileText("work/pid").c_str());
  Send("KILL");
  EXPECT_EQ(Next(), "EXITED signal 9");
  EXPECT_EQ(Next(), "GONE");
  WaitUntilOver(pid);
  Finish();
  ExpectUntouched();
}

TEST_F(ProtectionTest, TheScriptDiesWithItsShimAlsoInANamespace) {
  if (!BecomeNobody()) GTEST_SKIP() << "no setpriv (util-linux) to become another user with";
  WriteScript("echo $$ > pid; exec sleep 1000");
  ASSERT_TRUE(geteuid() != 0 || chown((dir_ + "/state/launch").c_str(), 65534, 65534) == 0);
  StartShim(before_);
  EXPECT_EQ(Next(), "IDLE");
  Send("LAUNCH");
  WaitStarted();
  WaitForFile("pid");
  int pid = atoi(FileText("work/pid").c_str());
  ASSERT_EQ(kill(shim_, SIGKILL), 0);
  ASSERT_EQ(waitpid(shim_, nullptr, 0), shim_);
  WaitUntilOver(pid);
  Send("exit");
  shim_ = executor_ = 0;
}

}  // namespace
}  // namespace rw
