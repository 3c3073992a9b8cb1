#include "env/shared_builds.h"

#include <chrono>
#include <map>
#include <optional>

#include "base/log.h"
#include "env/build_manifest.h"
#include "env/bytecode.h"
#include "env/unsynced.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);
constexpr uint64_t kMostLog = uint64_t{16} << 20;

class SharedBuilds final : public Installer {
 public:
  SharedBuilds(std::unique_ptr<Installer> inner, Loop& loop, WorkerPool& pool, Random& random,
               std::string folder)
      : inner_(std::move(inner)),
        loop_(loop),
        pool_(pool),
        random_(random),
        folder_(std::move(folder)),
        bytecode_(loop, pool, random) {
    pool_.Run(
        "env.sync_left", [folder = folder_] { SyncLeft(folder); }, [] {});
  }
  ~SharedBuilds() override {
    for (const auto& [job, timer] : waiting_) loop_.Cancel(timer);
  }

  Result<std::optional<Interpreter>> Known(const std::string& asked) override {
    return inner_->Known(asked);
  }
  void Find(const std::string& asked, Done<Interpreter> done) override {
    inner_->Find(asked, std::move(done));
  }
  std::optional<std::vector<std::string>> KnownPackages(const std::string& path) override {
    return inner_->KnownPackages(path);
  }
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override {
    inner_->Facts(std::move(wanted), std::move(done));
  }
  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override {
    inner_->Choose(spec, std::move(progress), std::move(done));
  }
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override {
    return inner_->IsThere(spec, python);
  }
  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override {
    inner_->Resolve(std::move(request), std::move(progress), std::move(done));
  }
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override {
    auto job = std::make_shared<Job>();
    job->request = std::move(request);
    job->progress = std::move(progress);
    job->done = std::move(done);
    Try(job);
  }
  bool IsPublished(const std::string& build_id) override {
    return inner_->IsPublished(build_id) && !MayBeTorn(BuildFolder(build_id));
  }
  std::string BuildFolder(const std::string& build_id) const override {
    return inner_->BuildFolder(build_id);
  }
  BuildUse UseOf(const std::string& build_id) const override { return inner_->UseOf(build_id); }
  void Retiring(const std::string& build_id) override { inner_->Retiring(build_id); }
  void Used(const std::string& build_id) override {
    bytecode_.Make(BuildFolder(build_id));
    pool_.Run(
        "env.used", [folder = BuildFolder(build_id)] { NoteBuildUse(folder); }, [] {});
  }
  std::shared_ptr<void> HoldUnused(const std::string& build_id) override {
    auto making = os::FileLock::Try(LockPath(build_id));
    if (!making && making.error().code() == Code::kConflict) return nullptr;
    // The supervisor of each run that uses it holds its folder.
    auto users = os::FolderLock::Try(BuildFolder(build_id));
    if (!users && users.error().code() == Code::kConflict) return nullptr;
    struct Held {
      Result<os::FileLock> making;
      Result<os::FolderLock> users;
    };
    return std::make_shared<Held>(Held{std::move(making), std::move(users)});
  }
  std::string Platform() const override { return inner_->Platform(); }
  std::string SaveState() override { return inner_->SaveState(); }
  void LoadState(const std::string& text) override { inner_->LoadState(text); }

 private:
  struct Job {
    BuildRequest request;
    Progress progress;
    Done<BuildFacts> done;
    std::shared_ptr<os::FileLock> lock;
    std::unique_ptr<os::File> log;  // where others follow; null: could not be opened
    uint64_t written = 0;
    uint64_t read = 0;  // bytes of another's log that were told
    bool waited = false;
  };
  using JobPtr = std::shared_ptr<Job>;
  /// What one look found.
  struct Seen {
    std::optional<Result<os::FileLock>> lock;
    std::string log;
    uint64_t bytes = 0;
  };

  std::string LockPath(const std::string& id) const { return folder_ + "/locks/" + id; }

  static void Look(const std::string& path, const std::string& build, uint64_t read, bool waited,
                   Seen* out) {
    os::FileSystem& fs = os::PosixFileSystem();
    if (Status made = fs.MakeDirs(os::DirName(path), 0700); !made) {
      out->lock.emplace(made.error());
      return;
    }
    out->lock.emplace(os::FileLock::Try(path));
    if (waited || !*out->lock) {
      auto log = os::ReadFile(fs, path + ".log", kMostLog);
      if (log && log->size() > read) out->log = log->substr(read);
      // Whole lines; the rest comes with the next look.
      out->log.erase(out->log.rfind('\n') + 1);
    }
    out->bytes = ManifestBytes(fs, build);
    // Of a build that is made anew: its files have other times.
    bool anew = !os::Exists(fs, build) || MayBeTorn(build);
    if (*out->lock && anew) (void)fs.RemoveTree(BytecodeFolder(build));
  }

  void Try(const JobPtr& job) {
    auto seen = std::make_shared<Seen>();
    const std::string& id = job->request.build_id;
    pool_.Run(
        "env.lock_build",
        [seen, path = LockPath(id), build = BuildFolder(id), read = job->read,
         waited = job->waited] { Look(path, build, read, waited, seen.get()); },
        [this, job, seen, alive = std::weak_ptr<bool>(alive_)] {
          if (alive.lock()) Looked(job, std::move(*seen));
        });
  }

  void Looked(const JobPtr& job, Seen seen) {
    if (!*seen.lock && seen.lock->error().code() != Code::kConflict)
      return job->done(seen.lock->error());
    bool mine = seen.lock->has_value();
    if (!mine && !std::exchange(job->waited, true))
      job->progress.Log("Another server of this machine is making this build; its log:\n");
    job->read += seen.log.size();
    if (!seen.log.empty()) job->progress.Log(seen.log);
    if (!mine) return LookAgain(job);
    if (IsPublished(job->request.build_id)) {
      job->progress.Log("Using the build of another server of this machine\n");
      return job->done(BuildFacts{seen.bytes});
    }
    if (job->waited)
      job->progress.Log("The other server did not come to the end of it: making it here\n");
    job->lock = std::make_shared<os::FileLock>(*std::move(*seen.lock));
    Make(job);
  }

  void LookAgain(const JobPtr& job) {
    waiting_[job] = loop_.After("env.look_again", kLookAgain, [this, job] {
      waiting_.erase(job);
      Try(job);
    });
  }

  void Make(const JobPtr& job) {
    auto noted = std::make_shared<Status>();
    pool_.Run(
        "env.note_unsynced",
        [noted, build = BuildFolder(job->request.build_id), making = random_.Hex(8)] {
          *noted = NoteUnsynced(build, making);
        },
        [this, job, noted, alive = std::weak_ptr<bool>(alive_)] {
          if (!alive.lock()) return;
          if (!*noted) return job->done(noted->error());
          MakeNoted(job);
        });
  }

  void MakeNoted(const JobPtr& job) {
    std::string path = LockPath(job->request.build_id) + ".log";
    auto log = os::PosixFileSystem().Open(path, os::OpenMode::kTruncate, 0600);
    if (log) job->log = *std::move(log);
    Progress progress{[job](std::string_view lines) {
                        if (job->log && !job->log->WriteAt(job->written, lines)) job->log.reset();
                        job->written += lines.size();
                        job->progress.Log(lines);
                      },
                      job->progress.step, nullptr};
    inner_->Build(job->request, std::move(progress), [this, job](Result<BuildFacts> facts) {
      job->lock.reset();
      std::string build = BuildFolder(job->request.build_id);
      if (facts) bytecode_.Make(build);
      pool_.Run(
          "env.sync", [build] { Sync(build); }, [] {});
      job->done(std::move(facts));
    });
  }

  static void Sync(const std::string& build) {
    Status synced = SyncBuild(build);
    if (!synced) LOG_WARN("env.not_synced", {"build", build}, {"error", synced.error().message()});
  }

  /// What servers that ended did not come to; those that somebody makes now are theirs.
  static void SyncLeft(const std::string& folder) {
    for (const std::string& build : UnsyncedBuilds(folder + "/builds")) {
      auto lock = os::FileLock::Try(BuildLockPath(build));
      if (lock) Sync(build);
    }
  }

  std::unique_ptr<Installer> inner_;
  Loop& loop_;
  WorkerPool& pool_;
  Random& random_;
  const std::string folder_;
  BytecodeMaker bytecode_;
  std::map<JobPtr, TimerId> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Installer> ShareBuilds(std::unique_ptr<Installer> inner, Loop& loop,
                                       WorkerPool& pool, Random& random, std::string folder) {
  return std::make_unique<SharedBuilds>(std::move(inner), loop, pool, random, std::move(folder));
}

std::string BuildLockPath(const std::string& build_folder) {
  return os::DirName(os::DirName(build_folder)) + "/locks/" +
         std::string(os::BaseName(build_folder));
}

void NoteBuildUse(const std::string& build_folder) {
  std::string path = BuildLockPath(build_folder);
  auto file = os::PosixFileSystem().Open(path, os::OpenMode::kReadWrite, 0600);
  if (!file || !(*file)->WriteAt(0, "used\n")) LOG_WARN("env.use_not_noted", {"path", path});
}

}  // namespace rw::env
