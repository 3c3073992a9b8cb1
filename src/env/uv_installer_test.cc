// The real uv on this machine, without a network: a wheel made here in a find-links folder.
#include "env/uv_installer.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"
#include "env/interpreters.h"
#include "env/testing/maker_fixture.h"
#include "env/uv_words.h"
#include "os/file_system.h"
#include "os/process.h"

extern char** environ;

namespace rw::env {
namespace {

Variables OwnVariables() {
  std::vector<std::string> entries;
  for (char** e = environ; *e != nullptr; e++) entries.emplace_back(*e);
  return ParseVariables(entries);
}

class UvInstallerTest : public testing::MakerFixture {
 protected:
  void SetUp() override {
    variables_ = OwnVariables();
    for (const char* name : {"PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"})
      variables_.erase(name);
    variables_["PIP_CONFIG_FILE"] = "/dev/null";
    variables_["UV_CACHE_DIR"] = folder_ + "/cache";
    variables_["PIP_NO_INDEX"] = "1";
    MakeInstaller();
    if (!HasUv()) GTEST_SKIP() << "uv is neither on PATH nor in bin/";
  }
  void MakeInstaller() {
    installer_.reset();
    UvOptions options;
    options.folder = folder_;
    options.program_folder = program_folder_;
    options.variables = variables_;
    options.retry_delay_ms = 10;
    installer_ = MakeUvInstaller(loop_, *pool_, SystemClock(), SystemRandom(), std::move(options));
  }
  static std::string Here() {
    char here[4096];
    CHECK(getcwd(here, sizeof here) != nullptr);
    return here;
  }
  bool HasUv() {
    for (const std::string& folder : Split(Get(variables_, "PATH") + ":" + Here() + "/bin", ':'))
      if (access((folder + "/uv").c_str(), X_OK) == 0) return true;
    return false;
  }
  PythonChoice Python(const std::string& version = "") {
    EnvironmentSpec spec;
    spec.python = version;
    auto choice = Wait<PythonChoice>([&](auto done) { installer_->Choose(spec, {}, done); });
    CHECK(choice);
    return *choice;
  }
  /// folder_/links/rwtiny-1.0-py3-none-any.whl with one module.
  void MakeWheel() {
    os::LaunchSpec spec;
    spec.argv = {
        "/usr/bin/python3", "-c",
        "import os, sys, zipfile\n"
        "os.makedirs(sys.argv[1])\n"
        "w = zipfile.ZipFile(sys.argv[1] + '/rwtiny-1.0-py3-none-any.whl', 'w')\n"
        "w.writestr('rwtiny.py', 'VALUE = 42\\n')\n"
        "d = 'rwtiny-1.0.dist-info/'\n"
        "w.writestr(d + 'METADATA', 'Metadata-Version: 2.1\\nName: rwtiny\\nVersion: 1.0\\n')\n"
        "w.writestr(d + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n')\n"
        "w.writestr(d + 'entry_points.txt', '[console_scripts]\\nrwtiny = rwtiny:main\\n')\n"
        "w.writestr(d + 'RECORD', 'rwtiny.py,,\\n')\n",
        folder_ + "/links"};
    auto run = os::RunCommand(spec, 30'000);
    CHECK(run && run->exit_code == 0);
  }
  EnvironmentSpec Spec(const std::string& requirement) {
    json::Value value;
    value.Set("kind", "pip").Set("requirements", json::Array{json::Value(requirement)});
    value.Set("find_links", json::Array{json::Value(folder_ + "/links")});
    auto spec = ParseSpec(value);
    CHECK(spec);
    return *spec;
  }
  Progress Logger() {
    return {[this](std::string_view text) { log_.append(text); }, nullptr};
  }
  Result<std::string> Resolve(const EnvironmentSpec& spec, const Interpreter& python) {
    auto resolved = Wait<Resolved>([&](auto done) {
      installer_->Resolve({spec, python, {}}, Logger(), done);
    });
    if (!resolved) return resolved.error();
    return resolved->lock;
  }

  std::string log_;
  std::string program_folder_ = Here() + "/bin";
  Variables variables_;
  std::unique_ptr<Installer> installer_;
};

TEST_F(UvInstallerTest, ResolvesBuildsAndPublishesARunnableEnvironment) {
  MakeWheel();
  PythonChoice python = Python();
  EnvironmentSpec spec = Spec("RWtiny>=0.5");
  auto lock = Resolve(spec, python.interpreter);
  ASSERT_TRUE(lock) << lock.error().ToString() << log_;
  EXPECT_EQ(PackagesOf(*lock), std::vector<std::string>{"rwtiny==1.0"});
  std::string id = MakeBuildId(*lock, installer_->Platform(), python.interpreter.Identity());
  EXPECT_FALSE(installer_->IsPublished(id));
  auto built = Wait<BuildFacts>([&](auto done) {
    installer_->Build({spec, *lock, python.interpreter, id, {}}, Logger(), done);
  });
  ASSERT_TRUE(built) << built.error().ToString() << log_;
  EXPECT_TRUE(installer_->IsPublished(id));
  EXPECT_GT(built->bytes, 1000u);
  EXPECT_NE(log_.find("Resolved 1 package in"), std::string::npos) << log_;
  EXPECT_NE(log_.find(" + rwtiny==1.0"), std::string::npos) << log_;
  EXPECT_NE(log_.find("Published build " + id.substr(0, 12)), std::string::npos) << log_;
  os::LaunchSpec run;
  run.argv = {installer_->BuildFolder(id) + "/bin/python", "-c",
              "import rwtiny, sys; print(rwtiny.VALUE, sys.prefix)"};
  auto result = os::RunCommand(run, 30'000);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "42 " + installer_->BuildFolder(id) + "\n") << result->err;
  struct stat info;
  ASSERT_EQ(stat((installer_->BuildFolder(id) + "/bin").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0222, 0u) << "a script cannot install into what others share";
}

TEST_F(UvInstallerTest, AnEmptyLockIsABareEnvironment) {
  PythonChoice python = Python();
  auto built = Wait<BuildFacts>([&](auto done) {
    installer_->Build({EnvironmentSpec(), "", python.interpreter, "bare", {}}, Logger(), done);
  });
  ASSERT_TRUE(built) << built.error().ToString();
  EXPECT_TRUE(installer_->IsPublished("bare"));
}

TEST_F(UvInstallerTest, AMissingPackageIsNamedInUvsOwnWords) {
  MakeWheel();
  auto lock = Resolve(Spec("no-such-package-rw-xyz"), Python().interpreter);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), Code::kInvalidArgument) << lock.error().message();
  EXPECT_EQ(lock.error().message().rfind("cannot resolve no-such-package-rw-xyz: ", 0), 0u)
      << lock.error().message();
}

TEST_F(UvInstallerTest, AnUnreachableIndexIsTriedAgainAndItsPasswordShownNowhere) {
  MakeWheel();
  variables_.erase("PIP_NO_INDEX");
  variables_["PIP_INDEX_URL"] = "http://me:hunter2@127.0.0.1:9/simple";
  variables_["UV_HTTP_RETRIES"] = "0";
  MakeInstaller();
  auto lock = Resolve(Spec("six"), Python().interpreter);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), Code::kUnavailable) << lock.error().message();
  EXPECT_NE(log_.find("trying uv's cache"), std::string::npos) << log_;
  EXPECT_NE(log_.find("Trying again in 0.01 s"), std::string::npos) << log_;
  EXPECT_EQ(log_.find("error: "), log_.rfind("error: ")) << "the last try's alone: " << log_;
  EXPECT_EQ((log_ + lock.error().message()).find("hunter2"), std::string::npos) << log_;
}

/// The index that this machine is set up for; skipped where none answers.
class UvIndexTest : public UvInstallerTest {
 protected:
  void SetUp() override {
    UvInstallerTest::SetUp();
    if (IsSkipped()) return;
    Variables own = OwnVariables();
    for (const char* name : {"PIP_NO_INDEX", "PIP_CONFIG_FILE"}) variables_.erase(name);
    for (const auto& [variable, value] : own)
      if (variable.starts_with("PIP_")) variables_[variable] = value;
    MakeInstaller();
    python_ = Python().interpreter;
    auto lock = Resolve(Of({"six==1.16.0"}), python_);
    if (!lock && lock.error().code() == Code::kUnavailable)
      GTEST_SKIP() << "no package index answers: " << lock.error().message();
    ASSERT_TRUE(lock) << lock.error().message();
    EXPECT_EQ(*lock, "six==1.16.0\n");
  }
  static EnvironmentSpec Of(std::vector<std::string> requirements) {
    EnvironmentSpec spec;
    spec.kind = EnvironmentSpec::Kind::kPip;
    spec.requirements = requirements;
    for (const std::string& line : requirements)
      spec.names.push_back(line.substr(0, line.find_first_of("=<>")));
    return spec;
  }
  Interpreter python_;
};

TEST_F(UvIndexTest, ConflictingPinsAreExplained) {
  auto lock = Resolve(Of({"idna==3.10", "idna==3.9"}), python_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(lock.error().message().rfind("cannot resolve idna", 0), 0u) << lock.error().message();
  EXPECT_NE(lock.error().message().find("unsatisfiable"), std::string::npos)
      << lock.error().message();
}

TEST_F(UvIndexTest, APackageThatIsNowhereIsNamed) {
  auto lock = Resolve(Of({"no-such-package-rw-xyz", "six"}), python_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(lock.error().message().rfind("cannot resolve no-such-package-rw-xyz: ", 0), 0u)
      << lock.error().message();
}

TEST_F(UvIndexTest, WhatIsInUvsCacheNeedsNoNetwork) {
  EnvironmentSpec spec = Of({"idna", "six==1.16.0"});
  auto online = Resolve(spec, python_);
  ASSERT_TRUE(online) << online.error().message();
  auto build = [&](const std::string& id) {
    return Wait<BuildFacts>([&](auto done) {
      installer_->Build({spec, *online, python_, id, {}}, Logger(), done);
    });
  };
  ASSERT_TRUE(build("online"));
  for (const char* name : {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"})
    variables_[name] = "http://127.0.0.1:9";
  MakeInstaller();
  log_.clear();
  auto offline = Resolve(spec, python_);
  ASSERT_TRUE(offline) << offline.error().message();
  EXPECT_EQ(*offline, *online);
  auto built = build("offline");
  ASSERT_TRUE(built) << built.error().message();
  EXPECT_NE(log_.find("Done from uv's cache, without the network"), std::string::npos) << log_;
}

TEST_F(UvInstallerTest, LeftoversOfAKilledServerGo) {
  std::string left = folder_ + "/builds/.part-0123";
  ASSERT_TRUE(os::PosixFileSystem().MakeDirs(left + "/environment/bin", 0555));
  MakeInstaller();
  Python();
  installer_.reset();
  pool_.reset();  // after the work at hand
  EXPECT_FALSE(os::Exists(os::PosixFileSystem(), left));
}

TEST_F(UvInstallerTest, DroppedAtWorkNothingOfUvRemains) {
  MakeWheel();
  Interpreter python = Python().interpreter;
  bool called = false;
  installer_->Resolve({Spec("rwtiny"), python, {}}, Logger(),
                      [&](const Result<Resolved>&) { called = true; });
  installer_.reset();
  loop_.Post("test.stop", [&] { loop_.Stop(); });
  loop_.Run();
  EXPECT_FALSE(called);
}

TEST_F(UvInstallerTest, ItsEndKillsUvAndWhatUvStarted) {
  os::FileSystem& fs = os::PosixFileSystem();
  // Stands in for uv in the middle of a build: a child of its own, no end.
  std::string script = "#!/bin/sh\nsleep 1000 &\necho \"pids $$ $!\" >&2\nwait\n";
  ASSERT_TRUE(fs.MakeDirs(folder_ + "/bin"));
  ASSERT_TRUE(os::WriteFileAtomically(fs, folder_ + "/bin/uv", script, 0755));
  Interpreter python = Python().interpreter;
  variables_["PATH"] = folder_ + "/bin:" + Get(variables_, "PATH");
  program_folder_ = folder_ + "/bin";
  MakeInstaller();
  installer_->Resolve({Spec("rwtiny"), python, {}},
                      {[&](std::string_view text) {
                         log_.append(text);
                         loop_.Stop();
                       },
                       nullptr},
                      [](const Result<Resolved>&) { FAIL(); });
  loop_.Run();
  std::vector<std::string> words = Split(Trim(log_), ' ');
  ASSERT_EQ(words.size(), 3u) << log_;
  EXPECT_TRUE(os::IdentityOf(static_cast<int>(*ParseInt(words[2]))));
  installer_.reset();
  for (int i = 1; i < 3; i++) {
    int pid = static_cast<int>(*ParseInt(words[i]));
    // Only its parent can wait for a process: the kernel may need a moment for the grandchild.
    for (int tries = 0; tries < 1000 && os::IdentityOf(pid); tries++) poll(nullptr, 0, 5);
    EXPECT_FALSE(os::IdentityOf(pid)) << words[i];
  }
}

TEST(InterpretersTest, ResolvesAShimOnceAndKeepsWhatItLearned) {
  char name[] = "/tmp/rw-python-XXXXXX";
  std::string folder = mkdtemp(name);
  os::FileSystem& fs = os::PosixFileSystem();
  std::string shim = folder + "/shims/python3";
  ASSERT_TRUE(fs.MakeDirs(folder + "/shims"));
  std::string script = "#!/bin/sh\necho x >> " + folder + "/calls\nexec /usr/bin/python3 \"$@\"\n";
  ASSERT_TRUE(os::WriteFileAtomically(fs, shim, script, 0755));
  Variables variables = {{"PATH", folder + "/shims"}, {"HOME", folder}};
  Interpreters all(variables, "python3");
  auto known = all.Known("python");
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->has_value());
  auto found = all.Find("python");
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->path.rfind("/usr/bin/python3", 0), 0u) << found->path;
  Interpreters next(variables, "python3");
  next.Load(all.Save());
  auto again = next.Known("python");
  ASSERT_TRUE(again && again->has_value());
  EXPECT_EQ(**again, *found);
  EXPECT_EQ(*os::ReadFile(fs, folder + "/calls"), "x\n") << "asked once";
  ASSERT_TRUE(os::WriteFileAtomically(fs, folder + "/version", "3.8\n"));  // pyenv global
  EXPECT_FALSE((*next.Known("python")).has_value()) << "the manager's choice changed";
  ASSERT_TRUE(fs.RemoveTree(folder));
}

TEST(InterpretersTest, AMissingOneIsAnErrorThatListsWhatIsThere) {
  Interpreters all({{"PATH", "/usr/bin"}, {"HOME", "/nonexistent"}}, "python3");
  auto missing = all.Known("/opt/none/python");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_NE(missing.error().message().find("/opt/none/python"), std::string::npos);
  EXPECT_NE(missing.error().message().find("/usr/bin/python3"), std::string::npos)
      << missing.error().message();
  EXPECT_FALSE(all.Known("./python"));
  EXPECT_FALSE(all.Find("ls")) << "a program, but no Python";
}

TEST(InterpretersTest, AVirtualEnvironmentStaysItself) {
  char name[] = "/tmp/rw-venv-XXXXXX";
  std::string folder = mkdtemp(name);
  os::LaunchSpec make;
  make.argv = {"/usr/bin/python3", "-m", "venv", "--without-pip", folder + "/v"};
  auto made = os::RunCommand(make, 60'000);
  ASSERT_TRUE(made && made->exit_code == 0) << made->err;
  Interpreters all({{"PATH", "/usr/bin"}, {"HOME", folder}}, "python3");
  auto found = all.Find(folder + "/v/bin/python");
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->path, folder + "/v/bin/python");
  EXPECT_EQ(found->prefix, folder + "/v");
  EXPECT_EQ(found->base_path.rfind("/usr/bin/python3", 0), 0u) << found->base_path;
  ASSERT_TRUE(os::PosixFileSystem().RemoveTree(folder));
}

TEST(InterpretersTest, WhatScriptsCanImportIsKnownUntilSomethingIsInstalled) {
  char name[] = "/tmp/rw-venv-XXXXXX";
  std::string folder = mkdtemp(name);
  os::LaunchSpec make;
  make.argv = {"/usr/bin/python3", "-m", "venv", "--without-pip", folder + "/v"};
  auto made = os::RunCommand(make, 60'000);
  ASSERT_TRUE(made && made->exit_code == 0) << made->err;
  os::FileSystem& fs = os::PosixFileSystem();
  auto lib = fs.List(folder + "/v/lib");
  ASSERT_TRUE(lib && lib->size() == 1);
  std::string site = folder + "/v/lib/" + (*lib)[0].name + "/site-packages";
  auto install = [&](const std::string& package, const std::string& version) {
    std::string info = site + "/" + package + "-" + version + ".dist-info";
    ASSERT_TRUE(fs.MakeDirs(info));
    ASSERT_TRUE(os::WriteFileAtomically(
        fs, info + "/METADATA",
        "Metadata-Version: 2.1\nName: " + package + "\nVersion: " + version + "\n"));
  };
  install("Scikit_Learn", "1.2.2");
  std::string python = folder + "/v/bin/python";
  Variables variables = {{"PATH", "/usr/bin"}, {"HOME", folder}};
  Interpreters all(variables, "python3");
  EXPECT_FALSE(all.KnownPackages(python)) << "never asked";
  all.AskPackages(python);
  EXPECT_EQ(all.KnownPackages(python), std::vector<std::string>{"scikit-learn==1.2.2"});
  Interpreters next(variables, "python3");
  next.Load(all.Save());
  EXPECT_EQ(next.KnownPackages(python), all.KnownPackages(python)) << "over a restart";
  install("numpy", "2.0.0");
  EXPECT_FALSE(next.KnownPackages(python)) << "something was installed";
  next.AskPackages(python);
  EXPECT_EQ(next.KnownPackages(python),
            (std::vector<std::string>{"numpy==2.0.0", "scikit-learn==1.2.2"}));
  next.AskPackages(folder + "/none");
  EXPECT_EQ(next.KnownPackages(folder + "/none"), std::vector<std::string>());
  ASSERT_TRUE(fs.RemoveTree(folder));
}

}  // namespace
}  // namespace rw::env
