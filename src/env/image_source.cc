// Fetches, builds and asks images.
#include "base/hash.h"
#include "base/strings.h"
#include "cas/folder_blob_store.h"
#include "cas/materialise.h"
#include "env/image_work.h"
#include "os/file_system.h"

namespace rw::env {
namespace {

std::string ShownName(const Image& image) {
  return image.dockerfile.empty() ? image.name : "of the Dockerfile";
}

/// The folder that a Dockerfile copies from.
Result<bool> MakeContext(const std::string& blobs, const std::string& snapshot,
                         const std::string& folder) {
  os::FileSystem& fs = os::PosixFileSystem();
  TRY(fs.MakeDirs(folder));
  if (snapshot.empty()) return true;
  cas::FolderBlobStore store(fs, blobs);
  auto made = cas::Materialise(store, TRY(cas::Digest::Parse(snapshot)), fs, folder);
  if (made) return true;
  if (made.error().code() != Code::kNotFound) return made.error();
  return Error(Code::kFailedPrecondition,
               "the files that the Dockerfile copies are not on this server (build context " +
                   snapshot.substr(0, 12) + "): submit from where the folder is",
               "environment.image.context");
}

/// The engine's option and variable for a file with a login; none without one.
struct Login {
  std::vector<std::string> options;
  Variables variables;
};

Login LoginOf(const Part& part, bool docker, bool given) {
  if (!given) return {};
  // docker reads config.json of the folder that DOCKER_CONFIG names.
  if (docker) return {{}, {{"DOCKER_CONFIG", part->path()}}};
  return {{"--authfile=" + part->path() + "/config.json"}, {}};
}

Status WriteLogin(const Part& part, const std::string& registry, const std::string& login) {
  if (login.empty()) return Ok();
  return part->Write("config.json", AuthFile(registry, login));
}
}  // namespace

void ImageInstaller::Inspect(const std::string& name, Done<ImageFacts> done) {
  Run({engine_, "image", "inspect", name}, false, {},
      [done = std::move(done), name](Result<CommandOutcome> outcome) {
        if (!outcome) return done(outcome.error());
        if (outcome->code != 0)
          return done(ClassifyEngine(outcome->words) == EngineFailure::kService
                          ? EngineError("look for image " + name, outcome->words, {}, "")
                          : Error(Code::kNotFound, outcome->words));
        done(ReadInspect(outcome->out));
      });
}

void ImageInstaller::Ensure(const Image& image, const std::string& login, const Progress& progress,
                            const Done<ImageFacts>& done) {
  std::string local = !image.dockerfile.empty()        ? BaseTag(image)
                      : image.registry_address.empty() ? image.name
                                                       : PullName(image);
  Inspect(local, [=, this](Result<ImageFacts> facts) {
    if (facts || facts.error().code() != Code::kNotFound) return done(std::move(facts));
    if (image.dockerfile.empty()) return Pull(image, login, progress, done);
    BuildBase(image, login, progress, done);
  });
}

void ImageInstaller::Pull(const Image& image, const std::string& login, const Progress& progress,
                          const Done<ImageFacts>& done) {
  std::string name = PullName(image);
  std::string registry = RegistryOf(name);
  if (registry == "localhost")
    return done(
        Error(Code::kInvalidArgument,
              "there is no image " + name +
                  " on this machine, and it says that it comes from nowhere else.\nBuild or "
                  "load it with " +
                  engine_ + ", or give another image.",
              "environment.image"));
  MakePart([=, this](Result<Part> part) {
    if (!part) return done(part.error());
    if (Status written = WriteLogin(*part, registry, login); !written) return done(written.error());
    Login with = LoginOf(*part, docker_, !login.empty());
    std::vector<std::string> argv = {engine_, "pull"};
    argv.insert(argv.end(), with.options.begin(), with.options.end());
    if (!image.platform.empty()) argv.push_back("--platform=" + image.platform);
    argv.push_back(name);
    progress.Log("Fetching image " + name + "\n");
    progress.Step("fetching image " + name);
    RunAloud(
        std::move(argv), progress,
        [=, this, part = *part](Result<CommandOutcome> outcome) {
          RemovePart(part);
          if (!outcome) return done(outcome.error());
          if (outcome->code != 0)
            return done(EngineError("fetch image " + name, outcome->words, image, registry));
          Inspect(name, done);
        },
        with.variables);
  });
}

std::string ImageInstaller::BaseTag(const Image& image) const {
  std::string key = "runwright-dockerfile-1\n" + image.platform + "\n" + image.dockerfile;
  if (!image.context.empty()) key += "\nwith " + image.context;
  return "localhost/runwright/base:" + Sha256Hex(key).substr(0, 32);
}

void ImageInstaller::BuildBase(const Image& image, const std::string& login,
                               const Progress& progress, const Done<ImageFacts>& done) {
  MakePart([=, this](Result<Part> part) {
    if (!part) return done(part.error());
    std::string folder = (*part)->path();
    std::string registry = image.registry_address;
    Status written = WriteLogin(*part, registry, login);
    if (written) written = (*part)->Write("Dockerfile", image.dockerfile);
    if (!written) return done(written.error());
    auto fill = [store = options_.blobs, context = image.context, to = folder + "/context"] {
      return MakeContext(store, context, to);
    };
    Work<bool>("image.context", fill, [=, this, part = *part](Result<bool> filled) {
      if (filled) return BuildFrom(image, login, part, progress, done);
      RemovePart(part);
      done(filled.error());
    });
  });
}

void ImageInstaller::BuildFrom(const Image& image, const std::string& login, const Part& part,
                               const Progress& progress, const Done<ImageFacts>& done) {
  std::string folder = part->path();
  Login with = LoginOf(part, docker_, !login.empty());
  std::string tag = BaseTag(image);
  held_tags_.insert(tag);
  std::vector<std::string> argv = {engine_, "build", "--network=host", "--force-rm"};
  argv.insert(argv.end(), with.options.begin(), with.options.end());
  if (!image.platform.empty()) argv.push_back("--platform=" + image.platform);
  // podman would keep the server's proxies, with their passwords, in what it builds.
  if (!docker_) argv.emplace_back("--http-proxy=false");
  argv.push_back("--label=" + RootLabel());
  argv.push_back("--tag=" + tag);
  argv.push_back("--file=" + folder + "/Dockerfile");
  argv.push_back(folder + "/context");
  progress.Log("Building the image of the Dockerfile\n");
  progress.Step("building the image of the Dockerfile");
  RunAloud(
      std::move(argv), progress,
      [=, this](Result<CommandOutcome> outcome) {
        RemovePart(part);
        if (!outcome) return done(outcome.error());
        if (outcome->code != 0)
          return done(
              EngineError("build the Dockerfile", outcome->words, image, image.registry_address));
        Inspect(tag, done);
      },
      with.variables);
}

Error NoPython(const Image& image) {
  return Error(Code::kInvalidArgument,
               "image " + ShownName(image) +
                   " has no Python that starts: choose a base image with Python 3.6 or newer, "
                   "install it in a base_dockerfile, or give interpreter_path",
               "environment.image");
}

void ImageInstaller::FindPython(const Image& image, const ImageFacts& facts,
                                std::vector<std::string> names, const Progress& progress,
                                const Done<Interpreter>& done) {
  if (names.empty()) return done(WithoutPython(facts.id));
  std::string name = names.front();
  names.erase(names.begin());
  std::vector<std::string> argv = {engine_,
                                   "run",
                                   "--rm",
                                   "--pull=never",
                                   "--network=none",
                                   "--log-driver=none",
                                   "--entrypoint=" + name};
  if (!docker_) argv.emplace_back("--http-proxy=false");
  argv.push_back(facts.id);
  for (std::string& argument : ProbeArguments()) argv.push_back(std::move(argument));
  Run(std::move(argv), false, {}, [=, this](Result<CommandOutcome> outcome) {
    if (!outcome) return done(outcome.error());
    auto found = outcome->code == 0 ? ReadProbe(facts.id, outcome->out)
                                    : Result<Interpreter>(Error(Code::kNotFound, ""));
    if (found) return done(std::move(found));
    // The engine itself failed: no other name will do. 127 is of a name that the image has not.
    if (outcome->code == 125 || outcome->code == 126)
      return done(EngineError("start image " + ShownName(image), outcome->words, image, ""));
    FindPython(image, facts, names, progress, done);
  });
}

}  // namespace rw::env
