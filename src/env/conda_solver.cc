#include "env/conda_solver.h"

#include <chrono>
#include <optional>

#include "env/shared_builds.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// The driver speaks its interface.
constexpr const char* kSolver = "py-rattler==0.28.*";
constexpr auto kLookAgain = std::chrono::milliseconds(100);

EnvironmentSpec SolverSpec() {
  EnvironmentSpec spec;
  spec.kind = EnvironmentSpec::Kind::kPip;
  spec.requirements = {kSolver};
  spec.names = {"py-rattler"};
  return spec;
}

Result<os::FileLock> TryLock(const std::string& path) {
  TRY(os::PosixFileSystem().MakeDirs(os::DirName(path), 0700));
  return os::FileLock::Try(path);
}
}  // namespace

struct CondaSolver::Job {
  Progress progress;
  env::Interpreter python;
  std::string lock;
  std::string build_id;
  std::optional<os::FileLock> held;
  bool waited = false;
};

CondaSolver::CondaSolver(Loop& loop, WorkerPool& pool, Installer& uv, std::string folder)
    : loop_(loop), pool_(pool), uv_(uv), folder_(std::move(folder)) {}

CondaSolver::~CondaSolver() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

void CondaSolver::Interpreter(const Progress& progress, Done done) {
  auto mark = os::ReadFile(os::PosixFileSystem(), MarkPath(), 4096);
  auto made = json::Parse(mark ? *mark : "{}");
  std::string id = made ? made->StringOr("build_id") : "";
  if (!id.empty() && uv_.IsPublished(id)) {
    pool_.Run(
        "conda.solver_used", [folder = uv_.BuildFolder(id)] { NoteBuildUse(folder); }, [] {});
    return done(uv_.UseOf(id).interpreter);
  }
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  progress.Log(std::string("Making the environment of the conda solver (") + kSolver + ")\n");
  auto job = std::make_shared<Job>();
  job->progress = progress;
  Choose(job);
}

void CondaSolver::Choose(const JobPtr& job) {
  uv_.Choose(SolverSpec(), job->progress,
             [this, job, alive = std::weak_ptr<bool>(alive_)](const Result<PythonChoice>& python) {
               if (alive.expired()) return;
               if (!python) return End(python.error());
               job->python = python->interpreter;
               Resolve(job);
             });
}

void CondaSolver::Resolve(const JobPtr& job) {
  uv_.Resolve({SolverSpec(), job->python, {}}, job->progress,
              [this, job, alive = std::weak_ptr<bool>(alive_)](const Result<Resolved>& resolved) {
                if (alive.expired()) return;
                if (!resolved) return End(resolved.error());
                job->lock = resolved->lock;
                job->build_id = MakeBuildId(job->lock, uv_.Platform(), job->python.Identity());
                Lock(job);
              });
}

/// As every build is locked (shared_builds.h).
void CondaSolver::Lock(const JobPtr& job) {
  timer_ = 0;
  auto locked = std::make_shared<std::optional<Result<os::FileLock>>>();
  pool_.Run(
      "conda.lock_solver",
      [locked, path = BuildLockPath(uv_.BuildFolder(job->build_id))] {
        locked->emplace(TryLock(path));
      },
      [this, job, locked, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        Result<os::FileLock>& lock = **locked;
        if (lock) {
          job->held.emplace(*std::move(lock));
          return Build(job);
        }
        if (lock.error().code() != Code::kConflict) return End(lock.error());
        if (!std::exchange(job->waited, true))
          job->progress.Log("Another server of this machine is making it: waiting\n");
        timer_ = loop_.After("conda.look_again", kLookAgain, [this, job] { Lock(job); });
      });
}

void CondaSolver::Build(const JobPtr& job) {
  if (uv_.IsPublished(job->build_id)) return Built(job);
  uv_.Build({SolverSpec(), job->lock, job->python, job->build_id, {}}, job->progress,
            [this, job, alive = std::weak_ptr<bool>(alive_)](const Result<BuildFacts>& facts) {
              if (alive.expired()) return;
              facts ? Built(job) : End(facts.error());
            });
}

void CondaSolver::Built(const JobPtr& job) {
  json::Value mark;
  Status kept =
      os::WriteFileAtomically(os::PosixFileSystem(), MarkPath(),
                              json::Write(mark.Set("build_id", job->build_id)) + "\n", 0600);
  job->held.reset();
  if (!kept) return End(kept.error());
  End(uv_.UseOf(job->build_id).interpreter);
}

void CondaSolver::End(const Result<std::string>& interpreter) {
  std::vector<Done> waiting;
  waiting.swap(waiting_);
  for (Done& done : waiting) done(interpreter);
}

}  // namespace rw::env
