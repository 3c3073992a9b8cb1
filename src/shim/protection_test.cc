// What a script can change of builds that others share.
#include "os/paths.h"
#include "os/process.h"
#include "shim/testing/shim_fixture.h"

namespace rw::shim {
namespace {

using testing::ShimTest;

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
}  // namespace rw::shim
