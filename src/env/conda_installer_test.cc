// Conda environments decided, mapped, solved and built, with the real driver, a micromamba that a
// script plays, and an installer for pip that makes nothing.
#include "env/conda_installer.h"

#include <gtest/gtest.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/strings.h"
#include "env/conda_pip.h"
#include "env/testing/fake_installer.h"
#include "env/testing/maker_fixture.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// Answers a solution, or a conflict for the package "clash"; makes bin/python.
constexpr const char* kMicromamba = R"(#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
prefix=
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) prefix=$2; shift;;
    --dry-run) dry=1;;
    clash*) echo '{"solver_problems": ["clash 1 needs data <1"]}'; exit 1;;
  esac
  shift
done
if [ -n "$dry" ]; then
  echo '{"actions": {"LINK": [
    {"name": "python", "version": "3.10.9", "build_string": "h_0", "url": "https://u:p@c/linux-64/python-3.10.9-h_0.conda", "sha256": "aa", "depends": []},
    {"name": "data", "version": "1.0", "build_string": "0", "url": "https://c/noarch/data-1.0-0.tar.bz2", "md5": "bb", "depends": ["python >=3"]}]}}'
else
  mkdir -p "$prefix/bin" "$prefix/conda-meta" && ln -s /usr/bin/python3 "$prefix/bin/python" && echo '{}'
fi
)";

class CondaInstallerTest : public testing::MakerFixture {
 protected:
  void SetUp() override {
    std::string source = __FILE__;
    char absolute[PATH_MAX];
    std::string beside = source.substr(0, source.rfind("/src/"));
    root_ = realpath(beside.c_str(), absolute) == nullptr ? beside : std::string(absolute);
    if (!os::Exists(fs_, root_ + "/python/runwright/conda_solver.py"))
      GTEST_SKIP() << "the sources are not beside the test";
    for (const char* made : {"/tools", "/builds"}) CHECK(fs_.MakeDirs(folder_ + made));
    Write("channel/noarch/repodata.json", "{}");
    Write("names.json", R"({"pip": {"pytorch": "torch"}, "same": ["numpy"]})");
    uv_.pythons = {{"/usr/bin/python3", "cpython", "3.11.2", "/usr/bin/python3", "/usr"}};
    uv_.folder = folder_ + "/builds/";
    MakeInstaller();
  }
  void MakeInstaller() {
    CondaOptions options;
    options.folder = folder_;
    options.program_folder = folder_ + "/tools";
    options.driver = root_ + "/python/runwright/conda_solver.py";
    options.names_file = folder_ + "/names.json";
    options.variables = {{"PATH", "/usr/bin:/bin"}};
    options.remember_ms = remember_ms_;
    installer_ = MakeCondaInstaller(loop_, *pool_, SystemClock(), SystemRandom(), uv_, options);
  }
  void InstallMicromamba() { Write("tools/micromamba", kMicromamba, 0755); }
  static EnvironmentSpec Conda(const json::Array& packages, const std::string& channel,
                               const char* resolver = "nearest") {
    json::Value value;
    value.Set("kind", "conda").Set("conda_packages", packages).Set("resolver", resolver);
    auto spec = ParseSpec(value.Set("channels", json::Array{json::Value(channel)}));
    CHECK(spec);
    return *spec;
  }
  Result<Resolved> Resolve(const EnvironmentSpec& spec) {
    auto python =
        Wait<PythonChoice>([&](auto done) { installer_->Choose(spec, {}, std::move(done)); });
    if (!python) return python.error();
    return Wait<Resolved>([&](auto done) {
      installer_->Resolve({spec, python->interpreter, {}}, {}, std::move(done));
    });
  }
  size_t Calls() {
    auto text = os::ReadFile(fs_, folder_ + "/tools/calls");
    return text ? Split(*text, '\n').size() - 1 : 0;
  }

  os::FileSystem& fs_ = os::PosixFileSystem();
  std::string root_;
  int64_t remember_ms_ = 60'000;
  testing::FakeInstaller uv_{loop_};
  std::unique_ptr<EnvironmentMaker> installer_;
};

TEST_F(CondaInstallerTest, WithoutAChannelPackagesAreMapped) {
  auto resolved = Resolve(Conda({"numpy=1.20", "pytorch"}, "/no/channel"));
  ASSERT_TRUE(resolved) << resolved.error().ToString();
  EXPECT_EQ(resolved->lock, "# conda packages are those of the pip index\nnumpy==1.20.*\ntorch\n");
  ASSERT_EQ(resolved->warnings.size(), 3u);
  EXPECT_NE(resolved->warnings[0].find("no repodata.json in /no/channel/noarch"), std::string::npos)
      << resolved->warnings[0];
  EXPECT_FALSE(resolved->python);
}

TEST_F(CondaInstallerTest, ExactTakesNoMapping) {
  auto resolved = Resolve(Conda({"numpy"}, "/no/channel", "exact"));
  ASSERT_FALSE(resolved);
  EXPECT_NE(resolved.error().message().find("resolver exact"), std::string::npos);
}

TEST_F(CondaInstallerTest, WhatIsKnownOfAChannelIsRememberedForAWhile) {
  EnvironmentSpec spec = Conda({"numpy"}, folder_ + "/later");
  ASSERT_TRUE(Resolve(spec));
  InstallMicromamba();
  ASSERT_TRUE(fs_.Rename(folder_ + "/channel", folder_ + "/later"));
  auto again = Resolve(spec);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->lock.starts_with("# conda packages are those of the pip index"))
      << again->lock;
  remember_ms_ = 0;
  MakeInstaller();
  again = Resolve(spec);
  ASSERT_TRUE(again) << again.error().ToString();
  EXPECT_TRUE(again->lock.starts_with("# conda packages by URL")) << again->lock;
}

TEST_F(CondaInstallerTest, SolvedLockedAndBuiltWithThePythonOfTheChannel) {
  InstallMicromamba();
  EnvironmentSpec spec = Conda({"data"}, folder_ + "/channel");
  auto resolved = Resolve(spec);
  ASSERT_TRUE(resolved) << resolved.error().ToString();
  EXPECT_EQ(resolved->lock,
            "# conda packages by URL, then those of pip\n"
            "data=1.0=0 https://c/noarch/data-1.0-0.tar.bz2#md5=bb\n"
            "python=3.10.9=h_0 https://c/linux-64/python-3.10.9-h_0.conda#sha256=aa\n")
      << "no password";
  ASSERT_TRUE(resolved->python);
  EXPECT_EQ(resolved->python->version, "3.10.9");
  EXPECT_TRUE(installer_->IsThere(spec, *resolved->python));
  std::string id(64, 'b');
  auto built = Wait<BuildFacts>([&](auto done) {
    installer_->Build({spec, resolved->lock, *resolved->python, id, {}}, {}, std::move(done));
  });
  ASSERT_TRUE(built) << built.error().ToString();
  EXPECT_TRUE(os::Exists(fs_, folder_ + "/builds/" + id + "/bin/python"));
  auto calls = os::ReadFile(fs_, folder_ + "/tools/calls");
  ASSERT_TRUE(calls);
  EXPECT_NE(calls->find("--relocate-prefix " + folder_ + "/builds/" + id), std::string::npos)
      << *calls;
  EXPECT_EQ(PackagesOf(resolved->lock),
            (std::vector<std::string>{"data=1.0=0", "python=3.10.9=h_0"}));
}

TEST_F(CondaInstallerTest, AConflictIsToldInTheSolversWords) {
  InstallMicromamba();
  auto resolved = Resolve(Conda({"clash"}, folder_ + "/channel"));
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code(), Code::kInvalidArgument);
  EXPECT_NE(resolved.error().message().find("clash 1 needs data <1"), std::string::npos);
  EXPECT_EQ(Calls(), 1u);
}

TEST_F(CondaInstallerTest, WhatAKilledServerAskedIsRemoved) {
  std::string left = folder_ + "/.conda-job-left", fresh = folder_ + "/.conda-job-fresh";
  for (const std::string& path : {left, fresh})
    CHECK(os::WriteFileAtomically(fs_, path, R"({"credentials": []})", 0600));
  timeval long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  CHECK(utimes(left.c_str(), long_ago) == 0);
  MakeInstaller();
  ASSERT_TRUE(Resolve(Conda({"numpy"}, "/no/channel")));  // meanwhile it was looked at
  EXPECT_FALSE(os::Exists(fs_, left));
  EXPECT_TRUE(os::Exists(fs_, fresh));
}

TEST_F(CondaInstallerTest, WhereNoSolverCanBeHadPackagesAreMapped) {
  uv_.failures.emplace("py-rattler==0.28.*", Error(Code::kUnavailable, "no index answered"));
  auto resolved = Resolve(Conda({"numpy"}, folder_ + "/channel"));
  ASSERT_TRUE(resolved) << resolved.error().ToString();
  EXPECT_NE(resolved->warnings[0].find("no conda solver can be had: no index answered"),
            std::string::npos);
}

TEST(CondaPipTest, WhatCondaGivesIsNotInstalledAgain) {
  EXPECT_EQ(WithoutPackages("numpy==1.0 \\\n    --hash=sha256:aa\nSix_X==1\nfoo @ file:///x\n",
                            {"numpy", "six-x"}),
            "foo @ file:///x\n");
}

}  // namespace
}  // namespace rw::env
