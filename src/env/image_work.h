// The installer of images, inside: image_source.cc fetches, builds and asks images, image_uv.cc
// resolves packages for them, image_build.cc puts those on them, image_installer.cc keeps records.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "env/conda_names.h"
#include "env/container_engine.h"
#include "env/image_containers.h"
#include "env/image_installer.h"
#include "env/programs.h"
#include "env/secrets.h"
#include "env/uv_runner.h"

namespace rw::env {

/// A folder of one piece of work. The lock on it is what its containers live by; a server that
/// starts removes folders, and containers, that nobody holds.
class PartFolder {
 public:
  static Result<std::shared_ptr<PartFolder>> Make(const std::string& path);
  /// Nobody holds it, or it is not there.
  static bool IsLeft(const std::string& path);
  ~PartFolder();
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;
  const std::string& path() const { return path_; }
  Status Write(const std::string& name, std::string_view text) const;

 private:
  PartFolder(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};
using Part = std::shared_ptr<PartFolder>;

/// What a script, and packages on top of the image, find missing.
Error NoPython(const Image& image);

class ImageInstaller final : public EnvironmentMaker {
 public:
  ImageInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random,
                 std::unique_ptr<CommandRunner> runner, ImageOptions options);

  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override;
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override;
  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override;
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override;
  bool IsPublished(const std::string& build_id) override;
  BuildUse UseOf(const std::string& build_id) const override;
  void Retiring(const std::string& build_id) override;

 private:
  struct BuildJob;
  using BuildJobPtr = std::shared_ptr<BuildJob>;
  struct UvWork;
  using UvWorkPtr = std::shared_ptr<UvWork>;
  using Went = std::function<void(Result<CommandOutcome>)>;

  std::string Builds() const { return options_.folder + "/builds"; }
  std::string BuildFolder(const std::string& build_id) const { return Builds() + "/" + build_id; }
  std::string Uv() const { return FindProgram(options_.variables, options_.program_folder, "uv"); }
  std::string Guard() const { return options_.program_folder + "/runwright-guard"; }
  std::string RootLabel() const;
  /// kFailedPrecondition, naming the image and what to install, where there is no engine.
  Status NeedEngine(const Image& image) const;
  ImageRecord RecordOf(const std::string& image) const;

  template <class T, class F>
  void Work(std::string_view name, F work, Done<T> done);
  void Run(std::vector<std::string> argv, bool network, const Progress& progress, Went done,
           const Variables& more = {});
  /// The engine says on stdout what is for people.
  void RunAloud(std::vector<std::string> argv, const Progress& progress, Went done,
                const Variables& more);
  void MakePart(Done<Part> done);
  void RemovePart(Part part);
  /// `facts_` are there when `then` is called.
  void LearnEngine(const Image& image, std::function<void(Status)> then);

  // image_source.cc
  void Ensure(const Image& image, const std::string& login, const Progress& progress,
              const Done<ImageFacts>& done);
  void Inspect(const std::string& name, Done<ImageFacts> done);
  void Pull(const Image& image, const std::string& login, const Progress& progress,
            const Done<ImageFacts>& done);
  void BuildBase(const Image& image, const std::string& login, const Progress& progress,
                 const Done<ImageFacts>& done);
  void BuildFrom(const Image& image, const std::string& login, const Part& part,
                 const Progress& progress, const Done<ImageFacts>& done);
  std::string BaseTag(const Image& image) const;
  /// WithoutPython where none of the names starts one.
  void FindPython(const Image& image, const ImageFacts& facts, std::vector<std::string> names,
                  const Progress& progress, const Done<Interpreter>& done);

  // image_uv.cc
  /// Conda packages as pip's where there are any; warnings say which.
  Result<CondaMapping> AsPip(const EnvironmentSpec& spec) const;
  Result<UvWorkPtr> MakeUvWork(const EnvironmentSpec& spec, const Interpreter& python,
                               const std::vector<Credential>& credentials, const Part& part);
  void ShowSettings(const Variables& all, UvWork& work) const;
  void ShowCache(const Variables& all, UvWork& work) const;
  /// From uv as it would be started here to the container that it is started in.
  Status WrapUv(Command& command);

  // image_build.cc
  /// A failure to start it at all ends the job.
  void RunUv(const BuildJobPtr& job, std::vector<std::string> arguments,
             std::function<void(const UvOutcome&)> done);
  void MakeVenv(const BuildJobPtr& job);
  void Install(const BuildJobPtr& job);
  static std::string EnvTag(const std::string& build_id);
  void Commit(const BuildJobPtr& job);
  void Made(const BuildJobPtr& job, const ImageFacts& facts);
  void PublishRecord(const BuildJobPtr& job);
  void End(const BuildJobPtr& job, Result<BuildFacts> result);

  // image_installer.cc
  void Sweep();
  void SweepImages();

  Loop& loop_;
  WorkerPool& pool_;
  Clock& clock_;
  Random& random_;
  std::unique_ptr<CommandRunner> runner_;
  const ImageOptions options_;
  const std::string engine_;  // "": none
  const bool docker_;
  UvRunner uv_;                                         // in containers
  std::map<std::string, std::weak_ptr<UvWork>> works_;  // by the folder of the part
  std::optional<EngineFacts> facts_;
  std::vector<std::string> gpu_arguments_;
  bool swept_ = false;
  /// Made by this server: not to be removed while it may still be built upon.
  std::set<std::string> held_tags_;
  mutable std::map<std::string, ImageRecord> records_;  // of published builds, by build_id
  /// Where the engine's store cannot be seen: when each build's image was asked for last.
  std::map<std::string, int64_t> seen_us_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

template <class T, class F>
void ImageInstaller::Work(std::string_view name, F work, Done<T> done) {
  auto result = std::make_shared<std::optional<Result<T>>>();
  pool_.Run(
      name, [result, work = std::move(work)] { result->emplace(work()); },
      [result, done = std::move(done), alive = std::weak_ptr<bool>(alive_)] {
        if (alive.lock()) done(std::move(**result));
      });
}

}  // namespace rw::env
