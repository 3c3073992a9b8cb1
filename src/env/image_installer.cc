#include "env/image_installer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/strings.h"
#include "env/build_folder.h"
#include "env/image_work.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {
constexpr int64_t kTrustUs = 600'000'000;
constexpr std::string_view kPartPrefix = ".work-image-";

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> out;
  auto entries = os::PosixFileSystem().List(folder);
  if (!entries) return out;
  for (const os::DirEntry& entry : *entries) out.push_back(entry.name);
  return out;
}

bool HasCdi() {
  for (const char* folder : {"/etc/cdi", "/var/run/cdi"})
    for (const std::string& name : NamesIn(folder))
      if (name.find("nvidia") != std::string::npos) return true;
  return false;
}

/// The parts of a version that were asked for are the same in what is there.
bool Answers(const std::string& asked, const std::string& there) {
  auto want = ParseVersion(asked);
  auto have = ParseVersion(there);
  return asked.empty() || (want && have && want->Matches(*have));
}
}  // namespace

Result<std::shared_ptr<PartFolder>> PartFolder::Make(const std::string& path) {
  TRY(os::PosixFileSystem().MakeDirs(path, 0700));
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (fd >= 0) close(fd);
    return Error(Code::kUnavailable, "folder " + path + " could not be locked");
  }
  return std::shared_ptr<PartFolder>(new PartFolder(path, fd));
}

PartFolder::~PartFolder() { close(fd_); }

bool PartFolder::IsLeft(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return true;
  bool left = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  return left;
}

Status PartFolder::Write(const std::string& name, std::string_view text) const {
  return os::WriteFileAtomically(os::PosixFileSystem(), path_ + "/" + name, text, 0600);
}

ImageInstaller::ImageInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random,
                               std::unique_ptr<CommandRunner> runner, ImageOptions options)
    : loop_(loop),
      pool_(pool),
      clock_(clock),
      random_(random),
      runner_(std::move(runner)),
      options_(std::move(options)),
      engine_(FindEngine(options_.variables, options_.engine)),
      docker_(IsDocker(engine_)),
      uv_(loop, Uv(), options_.retry_delay_ms,
          [this](Command& command) { return WrapUv(command); }) {
  gpu_arguments_ = GpuArguments(NamesIn("/dev"), docker_, HasCdi());
}

std::string ImageInstaller::RootLabel() const {
  return "runwright.root=" + Sha256Hex(options_.folder).substr(0, 16);
}

Status ImageInstaller::NeedEngine(const Image& image) const {
  if (!engine_.empty()) return Ok();
  std::string what = image.name.empty() ? "the environment's Dockerfile" : "image " + image.name;
  std::string why = options_.engine.empty()
                        ? "neither podman nor docker is on the server's PATH"
                        : "there is no program " + options_.engine + " (--container-engine)";
  return Error(Code::kFailedPrecondition,
               what + " needs a container engine, and " + why +
                   ".\nInstall podman (apt-get install podman), or start the server with "
                   "--container-engine PATH, or let the image map answer the image with a process "
                   "environment.",
               "environment.image");
}

ImageRecord ImageInstaller::RecordOf(const std::string& image) const {
  ImageRecord record;
  record.engine = engine_;
  record.image = image;
  record.images = facts_ ? facts_->images : "";
  record.user = facts_ ? facts_->user : "";
  return record;
}

void ImageInstaller::Run(std::vector<std::string> argv, bool network, const Progress& progress,
                         Went done, const Variables& more) {
  Command command;
  command.argv = std::move(argv);
  command.variables = EngineVariables(options_.variables, network);
  for (const auto& [name, value] : more) command.variables[name] = value;
  runner_->Run(std::move(command), progress.log, std::move(done));
}

void ImageInstaller::RunAloud(std::vector<std::string> argv, const Progress& progress, Went done,
                              const Variables& more) {
  std::vector<std::string> loud = {"/bin/sh", "-c", "exec \"$@\" >&2", "sh"};
  loud.insert(loud.end(), std::make_move_iterator(argv.begin()),
              std::make_move_iterator(argv.end()));
  Run(std::move(loud), true, progress, std::move(done), more);
}

void ImageInstaller::MakePart(Done<Part> done) {
  std::string path = Builds() + "/" + std::string(kPartPrefix) + random_.Hex(8);
  Work<Part>(
      "image.part", [path] { return PartFolder::Make(path); }, std::move(done));
}

void ImageInstaller::RemovePart(Part part) {
  works_.erase(part->path());
  pool_.Run(
      "image.remove_part",
      [part = std::move(part)] { (void)os::PosixFileSystem().RemoveTree(part->path()); }, [] {});
}

void ImageInstaller::LearnEngine(const Image& image, std::function<void(Status)> then) {
  if (Status there = NeedEngine(image); !there) return then(there);
  if (facts_) return then(Ok());
  Run({engine_, "info", "--format", docker_ ? "{{json .}}" : "json"}, false, {},
      [this, then = std::move(then)](Result<CommandOutcome> outcome) {
        if (!outcome) return then(outcome.error());
        if (outcome->code != 0) return then(EngineError("use " + engine_, outcome->words, {}, ""));
        auto info = json::Parse(Trim(outcome->out));
        if (!info)
          return then(Error(Code::kFailedPrecondition,
                            engine_ + " info is not understood: " + info.error().message()));
        facts_ = ReadEngineInfo(*info, docker_, geteuid(), getegid());
        Sweep();
        then(Ok());
      });
}

void ImageInstaller::Choose(const EnvironmentSpec& spec, Progress progress,
                            Done<PythonChoice> done) {
  auto shared = std::make_shared<EnvironmentSpec>(spec);
  LearnEngine(spec.image, [=, this](const Status& learned) {
    if (!learned) return done(learned.error());
    Ensure(shared->image, shared->image.login, progress, [=, this](Result<ImageFacts> facts) {
      if (!facts) return done(facts.error());
      bool user_managed = shared->kind == EnvironmentSpec::Kind::kInterpreter;
      std::vector<std::string> names = {"python", "python3", "/usr/bin/python3",
                                        "/usr/local/bin/python3", "/opt/conda/bin/python"};
      if (user_managed && shared->interpreter_path != "python") names = {shared->interpreter_path};
      FindPython(shared->image, *facts, names, progress, [=](Result<Interpreter> python) {
        if (!python) return done(python.error());
        PythonChoice choice{*std::move(python), ""};
        const std::string& version = choice.interpreter.version;
        // Commands do without; a run with a script is told when it is to start.
        if (version.empty())
          return user_managed ? done(std::move(choice)) : done(NoPython(shared->image));
        auto parsed = ParseVersion(version);
        if (!user_managed && parsed && parsed->major * 100 + parsed->minor < 306)
          return done(Error(Code::kInvalidArgument,
                            "Python " + version +
                                " of the image cannot carry packages: 3.6 or newer is needed. "
                                "Choose another base image, or user_managed.",
                            "environment.image"));
        if (!Answers(shared->python, version)) {
          choice.warning = "Python " + shared->python + " was asked for; the image has " + version;
          if (shared->resolver == EnvironmentSpec::Resolver::kExact)
            return done(Error(Code::kInvalidArgument, choice.warning, "environment.python"));
        }
        done(std::move(choice));
      });
    });
  });
}

bool ImageInstaller::IsThere(const EnvironmentSpec& spec, const Interpreter& python) {
  (void)spec;
  std::string image = ImageOfPath(python.path);
  if (!facts_ || facts_->images.empty() || !image.starts_with("sha256:")) return false;
  return os::Exists(os::PosixFileSystem(), facts_->images + "/" + image.substr(7));
}

bool ImageInstaller::IsPublished(const std::string& build_id) {
  os::FileSystem& fs = os::PosixFileSystem();
  std::string path = BuildFolder(build_id) + "/image.json";
  auto known = records_.find(build_id);
  if (known == records_.end()) {
    auto text = os::ReadFile(fs, path, 1 << 16);
    auto record = text ? ReadImageRecord(*text) : Result<ImageRecord>(text.error());
    if (!record) return false;
    known = records_.emplace(build_id, *std::move(record)).first;
  }
  const ImageRecord& record = known->second;
  bool there = os::Exists(fs, path) && record.engine == engine_;
  if (there && record.images.empty()) {
    // docker's store cannot be seen: now and then it is asked, by way of Choose and Build.
    auto seen = seen_us_.find(build_id);
    there = seen != seen_us_.end() && clock_.BootMicros() - seen->second < kTrustUs;
  } else if (there) {
    std::string name = record.image.substr(record.image.find(':') + 1);
    there = os::Exists(fs, record.images + "/" + name);
  }
  if (!there) records_.erase(known);
  return there;
}

BuildUse ImageInstaller::UseOf(const std::string& build_id) const {
  BuildUse use;
  auto found = records_.find(build_id);
  if (found == records_.end()) return use;
  const ImageRecord& record = found->second;
  use.interpreter = record.interpreter;
  if (!record.bin.empty()) use.path_prepend = {record.bin};
  json::Value variables = json::Object();
  for (const auto& [name, value] : EngineVariables(options_.variables, false))
    variables.Set(name, value);
  use.image = json::Object();
  use.image.Set("engine", record.engine).Set("id", record.image);
  use.image.Set("interpreter", record.interpreter).Set("guard", Guard());
  use.image.Set("user", record.user).Set("variables", std::move(variables));
  use.image.Set("gpu_arguments", json::Array(gpu_arguments_.begin(), gpu_arguments_.end()));
  return use;
}

void ImageInstaller::Retiring(const std::string& build_id) {
  records_.erase(build_id);
  // By then its record is gone.
  loop_.Post("image.sweep", [this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) SweepImages();
  });
}

/// Containers and folders of work that a killed server left.
void ImageInstaller::Sweep() {
  SweepImages();
  if (std::exchange(swept_, true)) return;
  auto left = std::make_shared<std::vector<std::string>>();
  for (const std::string& name : NamesIn(Builds()))
    if (name.starts_with(kPartPrefix)) left->push_back(Builds() + "/" + name);
  pool_.Run(
      "image.leftovers",
      [left] {
        std::erase_if(*left, [](const std::string& path) { return !PartFolder::IsLeft(path); });
        for (const std::string& path : *left) (void)os::PosixFileSystem().RemoveTree(path);
      },
      [] {});
  Run({engine_, "ps", "--all", "--filter", "label=runwright.part", "--format",
       "{{.Names}} {{.Label \"runwright.part\"}}"},
      false, {}, [this](Result<CommandOutcome> outcome) {
        if (!outcome || outcome->code != 0) return;
        std::vector<std::string> argv = {engine_, "rm", "--force"};
        for (const std::string& line : Split(outcome->out, '\n')) {
          size_t space = line.find(' ');
          if (space == std::string::npos) continue;
          std::string part = line.substr(space + 1);
          if (part.starts_with(Builds() + "/") && PartFolder::IsLeft(part))
            argv.push_back(line.substr(0, space));
        }
        if (argv.size() > 3) Run(std::move(argv), false, {}, [](const Result<CommandOutcome>&) {});
      });
}

/// Images of ours that no record names any more: their builds were collected.
void ImageInstaller::SweepImages() {
  Run({engine_, "images", "--filter", "label=" + RootLabel(), "--format",
       "{{.Repository}}:{{.Tag}}"},
      false, {}, [this](Result<CommandOutcome> outcome) {
        if (!outcome || outcome->code != 0) return;
        std::set<std::string> named = held_tags_;
        for (const std::string& build : NamesIn(Builds())) {
          auto text = os::ReadFile(os::PosixFileSystem(), BuildFolder(build) + "/image.json");
          auto record = text ? ReadImageRecord(*text) : Result<ImageRecord>(text.error());
          if (record) named.insert({record->tag, record->base});
        }
        std::vector<std::string> argv = {engine_, "rmi"};
        for (const std::string& name : Split(Trim(outcome->out), '\n'))
          if (name.starts_with("localhost/runwright/") && !named.contains(name))
            argv.push_back(name);
        if (argv.size() == 2) return;
        LOG_INFO("image.removed", {"count", static_cast<int64_t>(argv.size()) - 2});
        Run(std::move(argv), false, {}, [](const Result<CommandOutcome>&) {});
      });
}

std::unique_ptr<EnvironmentMaker> MakeImageInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                                     Random& random,
                                                     std::unique_ptr<CommandRunner> runner,
                                                     ImageOptions options) {
  return std::make_unique<ImageInstaller>(loop, pool, clock, random, std::move(runner),
                                          std::move(options));
}

}  // namespace rw::env
