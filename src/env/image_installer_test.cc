// The installer of images over an engine by the test's word: which images it has, what fails, and
// what it was told.
#include "env/image_installer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "env/testing/maker_fixture.h"
#include "os/file_system.h"
#include "os/poll_until.h"

namespace rw::env {
namespace {

/// Stands for the engine where uv is started in it: notes what the guard would read, and answers
/// with the file "lock", or fails with the file "start_fails".
constexpr char kEngineScript[] =
    "\nfor last; do :; done\ncase $1 in\n"
    "create) echo \"$last\" > part;;\n"
    "run) cat \"$last/inside\" >> inside; cat lock;;\n"
    "start) if [ -e start_fails ]; then cat start_fails >&2; exit 1; fi;;\n"
    "esac\n";

class FakeEngine final : public CommandRunner {
 public:
  explicit FakeEngine(Loop& loop) : loop_(loop) {}

  std::map<std::string, std::string> images;       // name → id
  std::map<std::string, std::string> remote;       // what a pull finds
  std::string python = "3.11.2";                   // "": none in the image
  std::map<std::string, CommandOutcome> failures;  // by the engine's verb
  std::vector<std::string> verbs;
  std::vector<std::vector<std::string>> commands;
  std::string auth;  // file of the last pull

  void Run(Command command, Log log, Done done) override {
    std::vector<std::string> argv = command.argv;
    if (argv[0] == "/bin/sh") argv.erase(argv.begin(), argv.begin() + 4);
    commands.push_back(argv);
    std::string verb = argv[1] == "image" ? "inspect" : argv[1];
    verbs.push_back(verb);
    CommandOutcome outcome = Answer(verb, argv);
    if (log && !outcome.words.empty()) log(outcome.words);
    loop_.Post("fake_engine", [done = std::move(done), outcome] { done(outcome); });
  }

  int CountOf(const std::string& verb) {
    return static_cast<int>(std::count(verbs.begin(), verbs.end(), verb));
  }
  static std::string Of(const std::vector<std::string>& argv, const std::string& option) {
    for (const std::string& argument : argv)
      if (argument.starts_with(option + "=")) return argument.substr(option.size() + 1);
    return "";
  }

 private:
  CommandOutcome Answer(const std::string& verb, const std::vector<std::string>& argv) {
    if (auto found = failures.find(verb); found != failures.end()) return found->second;
    if (verb == "info") return {0, R"({"store":{"graphRoot":"","graphDriverName":"overlay"}})", ""};
    if (verb == "inspect") {
      auto found = images.find(argv.back());
      if (found == images.end()) return {125, "", "Error: image not known\n"};
      return {0, R"([{"Id":")" + found->second + R"(","Size":1000}])", ""};
    }
    if (verb == "pull") {
      std::string file = Of(argv, "--authfile");
      auth = file.empty() ? "" : os::ReadFile(os::PosixFileSystem(), file).value_or("?");
      auto found = remote.find(argv.back());
      if (found == remote.end()) return {125, "", "Error: reading manifest: manifest unknown\n"};
      images[found->first] = found->second;
    }
    if (verb == "build") images[Of(argv, "--tag")] = "sha256:base";
    if (verb == "commit") images[argv.back()] = "sha256:made";
    if (verb == "run" && python.empty()) return {127, "", "Error: executable file not found\n"};
    if (verb == "run")
      return {0, R"({"version":")" + python + R"(","path":"/usr/bin/python3"})", ""};
    return {0, "", ""};
  }

  Loop& loop_;
};

class ImageInstallerTest : public testing::MakerFixture {
 protected:
  void SetUp() override { Start(); }
  void Start(const std::string& engine = "podman") {
    installer_.reset();
    pool_ = net::MakeThreadPool(loop_, 2);
    auto runner = std::make_unique<FakeEngine>(loop_);
    engine_ = runner.get();
    Write("bin/podman", "#!/bin/sh\ncd " + folder_ + kEngineScript, 0755);
    Write("bin/uv", "", 0755);
    Write("lock", "six==1.16.0\n");
    ImageOptions options;
    options.folder = folder_;
    options.program_folder = folder_ + "/bin";
    options.engine = engine == "podman" ? folder_ + "/bin/podman" : engine;
    options.variables = {
        {"PATH", folder_ + "/bin:/usr/bin:/bin"}, {"HOME", folder_}, {"SECRET", "no"}};
    options.retry_delay_ms = 1;
    installer_ = MakeImageInstaller(loop_, *pool_, SystemClock(), SystemRandom(), std::move(runner),
                                    std::move(options));
  }
  Result<PythonChoice> Choose(const EnvironmentSpec& spec) {
    return Wait<PythonChoice>([&](auto done) { installer_->Choose(spec, progress_, done); });
  }
  Result<Resolved> Resolve(const EnvironmentSpec& spec, const Interpreter& python) {
    return Wait<Resolved>([&](auto done) {
      installer_->Resolve({spec, python, {}}, progress_, done);
    });
  }
  Result<BuildFacts> Build(const EnvironmentSpec& spec, const Interpreter& python,
                           const std::string& lock) {
    return Wait<BuildFacts>([&](auto done) {
      installer_->Build({spec, lock, python, "b1", {}}, progress_, done);
    });
  }
  EnvironmentSpec Spec(const std::string& image, std::vector<std::string> requirements = {}) {
    EnvironmentSpec spec;
    spec.kind =
        requirements.empty() ? EnvironmentSpec::Kind::kInterpreter : EnvironmentSpec::Kind::kPip;
    spec.requirements = std::move(requirements);
    spec.image.name = image;
    return spec;
  }

  std::unique_ptr<EnvironmentMaker> installer_;
  FakeEngine* engine_ = nullptr;
  std::string log_;
  Progress progress_{[this](std::string_view lines) { log_ += lines; }, nullptr};
};

TEST_F(ImageInstallerTest, AnImageThatIsHereIsUsedAsItIs) {
  engine_->images["mine:1"] = "sha256:abc";
  EnvironmentSpec spec = Spec("mine:1");
  auto choice = Choose(spec);
  ASSERT_TRUE(choice) << choice.error().message();
  EXPECT_EQ(choice->interpreter.path, "sha256:abc:/usr/bin/python3");
  EXPECT_EQ(engine_->CountOf("pull"), 0);
  ASSERT_TRUE(Build(spec, choice->interpreter, ""));
  EXPECT_EQ(engine_->CountOf("create"), 0);
  ASSERT_TRUE(installer_->IsPublished("b1"));
  BuildUse use = installer_->UseOf("b1");
  EXPECT_EQ(use.interpreter, "/usr/bin/python3");
  EXPECT_EQ(use.image.StringOr("id"), "sha256:abc");
  EXPECT_EQ(use.image.StringOr("user"), "0:0");
  EXPECT_TRUE(use.image["variables"]["SECRET"].is_null());
  EXPECT_TRUE(use.path_prepend.empty());
}

TEST_F(ImageInstallerTest, OneThatIsNotHereIsFetched) {
  engine_->remote["docker.io/microsoft/mmlspark:0.12"] = "sha256:abc";
  ASSERT_TRUE(Choose(Spec("microsoft/mmlspark:0.12")));
  EXPECT_NE(log_.find("Fetching image docker.io/microsoft/mmlspark:0.12"), std::string::npos);
  auto unknown = Choose(Spec("nosuch:1"));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("there is no such image"), std::string::npos);
  auto local = Choose(Spec("localhost/nosuch:1"));
  EXPECT_NE(local.error().message().find("on this machine"), std::string::npos);
}

TEST_F(ImageInstallerTest, WithoutAnEngineTheMessageSaysWhatToInstall) {
  Start("/no/such/podman");
  auto choice = Choose(Spec("mine:1"));
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code(), Code::kFailedPrecondition);
  EXPECT_NE(choice.error().message().find("image mine:1 needs a container engine"),
            std::string::npos);
  EXPECT_NE(choice.error().message().find("apt-get install podman"), std::string::npos);
}

TEST_F(ImageInstallerTest, AnImageWithoutPythonSaysSo) {
  engine_->images["mine:1"] = "sha256:abc";
  engine_->python = "";
  EXPECT_NE(Choose(Spec("mine:1", {"six"})).error().message().find("image mine:1 has no Python"),
            std::string::npos);
  auto bare = Choose(Spec("mine:1"));
  ASSERT_TRUE(bare) << "a command may do without";
  EXPECT_EQ(bare->interpreter.version, "");
  EXPECT_EQ(bare->interpreter.path, "sha256:abc");
  engine_->python = "2.7.18";
  EXPECT_TRUE(Choose(Spec("mine:1"))) << "user-managed: its own affair";
  EXPECT_NE(Choose(Spec("mine:1", {"six"})).error().message().find("Python 2.7.18"),
            std::string::npos);
}

TEST_F(ImageInstallerTest, AVersionThatTheImageHasNotIsAWarningOrRefused) {
  engine_->images["mine:1"] = "sha256:abc";
  EnvironmentSpec spec = Spec("mine:1", {"six"});
  spec.python = "3.6";
  EXPECT_EQ(Choose(spec)->warning, "Python 3.6 was asked for; the image has 3.11.2");
  spec.python = "3.11";
  EXPECT_EQ(Choose(spec)->warning, "");
  spec.python = "3.6";
  spec.resolver = EnvironmentSpec::Resolver::kExact;
  EXPECT_EQ(Choose(spec).error().field(), "environment.python");
}

TEST_F(ImageInstallerTest, PackagesAreResolvedAndInstalledInsideAndKeptUnderTheBuildsName) {
  engine_->images["mine:1"] = "sha256:abc";
  EnvironmentSpec spec = Spec("mine:1", {"six"});
  spec.index_url = "https://ann:hidden@index/simple";
  auto choice = Choose(spec);
  auto resolved = Resolve(spec, choice->interpreter);
  ASSERT_TRUE(resolved) << resolved.error().message();
  EXPECT_EQ(resolved->lock, "six==1.16.0\n");
  EXPECT_NE(Read("inside").find("ann:hidden@index"), std::string::npos)
      << "uv gets the password by a file";
  ASSERT_TRUE(Build(spec, choice->interpreter, resolved->lock));
  EXPECT_EQ(engine_->images["localhost/runwright/env:b1"], "sha256:made");
  BuildUse use = installer_->UseOf("b1");
  EXPECT_EQ(use.interpreter, "/opt/runwright/env/bin/python");
  EXPECT_EQ(use.path_prepend, std::vector<std::string>{"/opt/runwright/env/bin"});
  EXPECT_EQ(use.image.StringOr("id"), "sha256:made");
  EXPECT_EQ(engine_->CountOf("rm"), 1) << "the container that was committed";
  for (const auto& command : engine_->commands)
    for (const std::string& argument : command)
      EXPECT_EQ(argument.find("hidden"), std::string::npos) << argument;
  EXPECT_EQ(log_.find("hidden"), std::string::npos);
}

TEST_F(ImageInstallerTest, AFailedInstallationIsNeverSeen) {
  engine_->images["mine:1"] = "sha256:abc";
  EnvironmentSpec spec = Spec("mine:1", {"six"});
  auto choice = Choose(spec);
  Write("start_fails", "error: Failed to build `six==1.16.0`\n");
  auto built = Build(spec, choice->interpreter, "six==1.16.0\n");
  ASSERT_FALSE(built);
  EXPECT_FALSE(installer_->IsPublished("b1"));
  EXPECT_EQ(engine_->CountOf("commit"), 0);
  EXPECT_EQ(engine_->CountOf("rm"), 1);
}

TEST_F(ImageInstallerTest, AnImageThatAnotherServerMadeIsTaken) {
  engine_->images["mine:1"] = "sha256:abc";
  engine_->images["localhost/runwright/env:b1"] = "sha256:theirs";
  EnvironmentSpec spec = Spec("mine:1", {"six"});
  auto choice = Choose(spec);
  ASSERT_TRUE(Build(spec, choice->interpreter, "six==1.16.0\n"));
  EXPECT_EQ(engine_->CountOf("create"), 0);
  ASSERT_TRUE(installer_->IsPublished("b1"));
  EXPECT_EQ(installer_->UseOf("b1").image.StringOr("id"), "sha256:theirs");
  Start();
  EXPECT_FALSE(installer_->IsPublished("b1")) << "its store cannot be seen: asked for once more";
}

TEST_F(ImageInstallerTest, ADockerfileIsBuiltOnceForItsText) {
  EnvironmentSpec spec = Spec("");
  spec.image.dockerfile = "FROM mine:1\nRUN true\n";
  ASSERT_TRUE(Choose(spec));
  ASSERT_TRUE(Choose(spec));
  EXPECT_EQ(engine_->CountOf("build"), 1);
  spec.image.dockerfile += "RUN false\n";
  engine_->failures["build"] = {1, "", "Error: while running RUN false: exit status 1\n"};
  auto failed = Choose(spec);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("cannot build the Dockerfile"), std::string::npos);
  EXPECT_NE(log_.find("RUN false"), std::string::npos);
}

TEST_F(ImageInstallerTest, WhatAKilledServerLeftIsRemovedAndWhatIsHeldIsNot) {
  std::string left = folder_ + "/builds/.work-image-left";
  ASSERT_TRUE(os::PosixFileSystem().MakeDirs(left));
  engine_->images["mine:1"] = "sha256:abc";
  ASSERT_TRUE(Choose(Spec("mine:1")));
  EXPECT_TRUE(os::PollUntil([&] { return !os::Exists(os::PosixFileSystem(), left); },
                            std::chrono::milliseconds(5), std::chrono::seconds(20)));
}

}  // namespace
}  // namespace rw::env
