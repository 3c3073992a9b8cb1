// The maker of environments by uv, inside: uv_installer.cc chooses Pythons and resolves,
// uv_build.cc builds.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/build_folder.h"
#include "env/build_manifest.h"
#include "env/interpreters.h"
#include "env/programs.h"
#include "env/secrets.h"
#include "env/uv_installer.h"
#include "env/uv_runner.h"
#include "os/file_lock.h"
#include "os/file_system.h"

namespace rw::env {

/// What one command of uv needs, read off the loop.
struct Prepared {
  EnvironmentSpec spec;  // its URLs with the passwords that credentials give them
  Variables variables;
  Secrets secrets;
  std::shared_ptr<os::FileLock> part;  // says that the folder's maker lives
};

/// By name, into a folder; for their owner alone.
Status WriteAll(const std::map<std::string, std::string>& files, const std::string& folder);

class UvInstaller final : public Installer {
 public:
  UvInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random, UvOptions options);

  Result<std::optional<Interpreter>> Known(const std::string& asked) override {
    return interpreters_->Known(asked);
  }
  void Find(const std::string& asked, Done<Interpreter> done) override;
  std::optional<std::vector<std::string>> KnownPackages(const std::string& path) override {
    return interpreters_->KnownPackages(path);
  }
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override;
  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override;
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override {
    (void)spec;
    auto known = interpreters_->Known(python.path);
    return known && *known && (*known)->version == python.version;
  }

  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override;
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override;

  bool IsPublished(const std::string& build_id) override {
    std::string folder = BuildFolder(build_id);
    return IsProgram(folder + "/bin/python") && !IsMarkedChanged(os::PosixFileSystem(), folder);
  }
  std::string BuildFolder(const std::string& build_id) const override {
    return Builds() + "/" + build_id;
  }
  BuildUse UseOf(const std::string& build_id) const override;
  std::string Platform() const override;
  void Retiring(const std::string& build_id) override { (void)build_id; }
  std::string SaveState() override { return interpreters_->Save(); }
  void LoadState(const std::string& text) override { interpreters_->Load(text); }

 private:
  struct BuildJob;

  std::string Builds() const { return options_.folder + "/builds"; }

  /// `work` on a worker thread, `done` on the loop unless this is gone by then.
  template <class T, class F>
  void Work(std::string_view name, F work, Done<T> done) {
    auto result = std::make_shared<std::optional<Result<T>>>();
    pool_.Run(
        name, [result, work = std::move(work)] { result->emplace(work()); },
        [result, done = std::move(done), alive = std::weak_ptr<bool>(alive_)] {
          if (alive.lock()) done(std::move(**result));
        });
  }

  /// Makes `folder` and reads what uv's variables come from.
  static Result<Prepared> Prepare(const UvOptions& options, const EnvironmentSpec& spec,
                                  const Interpreter& python,
                                  const std::vector<Credential>& credentials,
                                  const std::string& folder);

  /// A Python that is not installed, from where uv gets Pythons.
  void Fetch(const EnvironmentSpec& spec, const Progress& progress, const PythonChoice& without,
             const Done<PythonChoice>& done);
  void RemoveLater(const std::string& folder) {
    pool_.Run(
        "env.remove", [folder] { (void)RemoveBuild(folder); }, [] {});
  }

  // uv_build.cc
  void MakeVenv(const std::shared_ptr<BuildJob>& job);
  void Sync(const std::shared_ptr<BuildJob>& job);
  void Publish(const std::shared_ptr<BuildJob>& job);
  void Fail(const std::shared_ptr<BuildJob>& job, Error error);

  WorkerPool& pool_;
  Clock& clock_;
  Random& random_;
  const UvOptions options_;
  std::shared_ptr<Interpreters> interpreters_;
  UvRunner runner_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::env
