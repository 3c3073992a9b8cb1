// The maker of conda environments, inside: conda_installer.cc decides between a conda solver and
// the pip index, conda_solve.cc makes locks by the solver, conda_build.cc builds them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/build_folder.h"
#include "env/conda_channels.h"
#include "env/conda_lock.h"
#include "env/conda_names.h"
#include "env/conda_pip.h"
#include "os/file_lock.h"
#include "os/file_system.h"

namespace rw::env {

/// In place of an interpreter's path: the environment's own, from a channel.
inline constexpr const char* kCondaPython = "conda";

/// What Choose decided, for Resolve.
struct Decision {
  Reach reach;
  Effective mapped;  // where conda is not used
};

class CondaInstaller final : public EnvironmentMaker {
 public:
  CondaInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random, Installer& uv,
                 const CondaOptions& options)
      : pool_(pool),
        clock_(clock),
        random_(random),
        uv_(uv),
        options_(options),
        driver_(loop, pool, random, uv, options),
        channels_(clock, driver_, options_),
        pip_(loop, options) {}

  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override;
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override {
    return python.path == kCondaPython || uv_.IsThere(Mapped(spec), python);
  }
  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override;
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override;
  /// Those with conda packages; the others are uv's.
  bool IsPublished(const std::string& build_id) override {
    return uv_.IsPublished(build_id) &&
           os::Exists(os::PosixFileSystem(), uv_.BuildFolder(build_id) + "/conda-meta");
  }
  BuildUse UseOf(const std::string& build_id) const override {
    BuildUse use = uv_.UseOf(build_id);
    if (!use.protect.is_object()) return use;
    json::Value caches = use.protect["cache"];
    caches.Append(options_.folder + "/conda-cache");
    use.protect.Set("cache", std::move(caches));
    return use;
  }
  void Retiring(const std::string& build_id) override { (void)build_id; }

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  void Map(const EnvironmentSpec& spec, const std::string& why, const Done<Effective>& done);
  void ResolveMapped(const ResolveRequest& request, const Progress& progress,
                     const Effective& mapped, const Done<Resolved>& done);
  void Solve(const JobPtr& job);
  void ResolvePip(const JobPtr& job);
  void Locked(const JobPtr& job, const Resolved& pip);
  void MakePrefix(const JobPtr& job, std::function<void()> then);
  void InstallPip(const JobPtr& job);
  void Rehome(const JobPtr& job);
  void Publish(const JobPtr& job);
  void Fail(const JobPtr& job, const Error& error);

  /// The names as the file has them at this moment; none where it cannot be read.
  CondaNames Names() const {
    auto text = os::ReadFile(os::PosixFileSystem(), options_.names_file, 4 << 20);
    auto names = text ? CondaNames::Parse(*text) : Result<CondaNames>(text.error());
    return names ? *std::move(names) : CondaNames();
  }
  EnvironmentSpec Mapped(const EnvironmentSpec& spec) const {
    EnvironmentSpec lenient = spec;
    lenient.resolver = EnvironmentSpec::Resolver::kNearest;
    return MapCondaPackages(lenient, Names(), "")->spec;
  }
  void RemoveLater(const std::string& folder) {
    pool_.Run(
        "conda.remove", [folder] { (void)RemoveBuild(folder); }, [] {});
  }
  std::function<bool()> Gone() const {
    return [alive = std::weak_ptr<bool>(alive_)] { return alive.expired(); };
  }

  WorkerPool& pool_;
  Clock& clock_;
  Random& random_;
  Installer& uv_;
  const CondaOptions options_;
  CondaDriver driver_;
  CondaChannels channels_;
  CondaPip pip_;
  std::map<std::string, Decision> decided_;  // by env_id, the last one
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// One environment on its way through a real conda solver.
struct CondaInstaller::Job {
  EnvironmentSpec spec;
  std::vector<Credential> credentials;
  Interpreter interpreter;
  Progress progress;
  Reach reach;
  CondaLock lock;
  std::vector<std::string> warnings;
  std::string folder;                  // holds the environment while it is made; "" before
  std::shared_ptr<os::FileLock> part;  // says that its maker lives
  std::string final_folder;
  std::string build_id;
  int64_t started_us = 0;
  std::function<void(const Error&)> fail;
  Done<Resolved> resolved;
  Done<BuildFacts> built;
  std::string made() const { return folder + "/environment"; }
};

}  // namespace rw::env
