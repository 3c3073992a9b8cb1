#include "env/conda_driver.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "base/strings.h"
#include "env/secrets.h"
#include "json/value.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// The driver speaks its interface.
constexpr const char* kSolver = "py-rattler==0.28.*";
constexpr size_t kMostLogBytes = 256 << 10;
constexpr const char* kJobPrefix = ".conda-job-";
constexpr int64_t kJobLivesUs = int64_t{60} * 1'000'000;

EnvironmentSpec SolverSpec() {
  EnvironmentSpec spec;
  spec.kind = EnvironmentSpec::Kind::kPip;
  spec.requirements = {kSolver};
  spec.names = {"py-rattler"};
  return spec;
}

/// Jobs live for milliseconds; those of another server that shares the folder may be at work.
void RemoveOldJobs(const std::string& folder) {
  os::FileSystem& fs = os::PosixFileSystem();
  auto entries = fs.List(folder);
  if (!entries) return;
  const int64_t old_ns = (SystemClock().WallMicros() - kJobLivesUs) * 1000;
  for (const os::DirEntry& entry : *entries) {
    if (!entry.name.starts_with(kJobPrefix)) continue;
    std::string path = os::JoinPath(folder, entry.name);
    auto info = fs.Stat(path);
    if (info && info->mtime_ns < old_ns) (void)fs.Remove(path);
  }
}

Error ErrorOf(const json::Value& answer) {
  std::string kind = answer.StringOr("kind");
  Code code = kind == "conflict"      ? Code::kInvalidArgument
              : kind == "unreachable" ? Code::kUnavailable
                                      : Code::kFailedPrecondition;
  return Error(code, MaskUserInfo(answer.StringOr("error")));
}

}  // namespace

std::string FindProgram(const Variables& variables, const std::string& program_folder,
                        const std::string& name) {
  std::vector<std::string> folders = Split(Get(variables, "PATH"), ':');
  folders.insert(folders.begin(), program_folder);
  for (const std::string& folder : folders) {
    std::string path = os::JoinPath(folder, name);
    struct stat info {};
    if (folder.starts_with('/') && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        access(path.c_str(), X_OK) == 0)
      return path;
  }
  return {};
}

struct CondaDriver::Job {
  uint64_t id = 0;
  CondaTool tool;
  std::string command;
  std::string file;
  Progress progress;
  Done<json::Value> done;
  std::string partial;
  std::string last_line;
  size_t logged = 0;
  bool late = false;
  TimerId timer = 0;
  std::unique_ptr<os::StreamProcess> process;

  void OnStderr(const std::string& bytes) {
    partial += bytes;
    size_t end = partial.rfind('\n');
    if (end == std::string::npos) return;
    std::string lines = MaskUserInfo(Utf8Lossy(partial.substr(0, end + 1)));
    partial.erase(0, end + 1);
    last_line = lines.substr(0, end);
    logged += lines.size();
    if (logged <= kMostLogBytes) progress.Log(lines);
  }
};

CondaDriver::CondaDriver(Loop& loop, WorkerPool& pool, Random& random, Installer& uv,
                         CondaOptions options)
    : loop_(loop), pool_(pool), random_(random), uv_(uv), options_(std::move(options)) {
  // A server that was killed in the wrong millisecond left a job, perhaps with a password.
  pool_.Run(
      "conda.leftovers", [folder = options_.folder] { RemoveOldJobs(folder); }, [] {});
}

CondaDriver::~CondaDriver() {
  for (auto& [id, job] : jobs_)
    if (job->timer != 0) loop_.Cancel(job->timer);
}

std::string CondaDriver::Lack() const {
  if (os::Exists(os::PosixFileSystem(), options_.driver)) return {};
  return "the server has no conda_solver.py beside its Python packages";
}

void CondaDriver::Plain(Done<CondaTool> done) {
  uv_.Find("python", [done = std::move(done)](const Result<Interpreter>& python) {
    if (!python) return done(python.error());
    done(CondaTool{python->path, {}});
  });
}

void CondaDriver::Tool(const Progress& progress, Done<CondaTool> done) {
  std::string micromamba = FindProgram(options_.variables, options_.program_folder, "micromamba");
  if (!micromamba.empty())
    return Plain([micromamba, done = std::move(done)](Result<CondaTool> tool) {
      if (tool) tool->micromamba = micromamba;
      done(std::move(tool));
    });
  auto mark = os::ReadFile(os::PosixFileSystem(), MarkPath(), 4096);
  auto made = json::Parse(mark ? *mark : "{}");
  std::string id = made ? made->StringOr("build_id") : "";
  if (!id.empty() && uv_.IsPublished(id)) return done(CondaTool{uv_.UseOf(id).interpreter, {}});
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1) Make(progress);
}

/// An environment like any other: resolved, built and published by uv.
void CondaDriver::Make(const Progress& progress) {
  progress.Log(std::string("Making the environment of the conda solver (") + kSolver + ")\n");
  auto fail = [this](const Error& error) { Made(Error(error)); };
  std::weak_ptr<bool> alive = alive_;
  uv_.Choose(SolverSpec(), progress, [=, this](const Result<PythonChoice>& python) {
    if (alive.expired()) return;
    if (!python) return fail(python.error());
    Interpreter interpreter = python->interpreter;
    uv_.Resolve({SolverSpec(), interpreter, {}}, progress, [=, this](const Result<Resolved>& lock) {
      if (alive.expired()) return;
      if (!lock) return fail(lock.error());
      std::string id = MakeBuildId(lock->lock, uv_.Platform(), interpreter.Identity());
      auto built = [=, this](const Result<BuildFacts>& facts) {
        if (alive.expired()) return;
        if (!facts) return fail(facts.error());
        json::Value mark;
        Status kept = os::WriteFileAtomically(os::PosixFileSystem(), MarkPath(),
                                              json::Write(mark.Set("build_id", id)) + "\n", 0600);
        if (!kept) return fail(kept.error());
        Made(CondaTool{uv_.UseOf(id).interpreter, {}});
      };
      if (uv_.IsPublished(id)) return built(BuildFacts{});
      uv_.Build({SolverSpec(), lock->lock, interpreter, id, {}}, progress, built);
    });
  });
}

void CondaDriver::Made(const Result<CondaTool>& tool) {
  std::vector<Done<CondaTool>> waiting;
  waiting.swap(waiting_);
  for (Done<CondaTool>& done : waiting) done(tool);
}

void CondaDriver::Run(const CondaTool& tool, const std::string& command, json::Value job,
                      const Progress& progress, Done<json::Value> done) {
  auto one = std::make_shared<Job>();
  one->id = next_id_++;
  one->tool = tool;
  one->command = command;
  one->file = os::JoinPath(options_.folder, kJobPrefix + random_.Hex(8));
  one->progress = progress;
  one->done = std::move(done);
  job.Set("cache", options_.folder + "/conda-cache");
  if (!tool.micromamba.empty()) job.Set("micromamba", tool.micromamba);
  jobs_[one->id] = one;
  auto written = std::make_shared<Status>();
  // With passwords, perhaps: the driver removes it before it does anything else.
  pool_.Run(
      "conda.job",
      [written, file = one->file, text = json::Write(job)] {
        *written = os::WriteFileAtomically(os::PosixFileSystem(), file, text, 0600);
      },
      [this, one, written, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        if (*written) return Start(one);
        jobs_.erase(one->id);
        one->done(written->error());
      });
}

void CondaDriver::Start(const std::shared_ptr<Job>& job) {
  os::LaunchSpec spec;
  spec.argv = {job->tool.python, options_.driver, job->command, job->file};
  Variables variables = ForTools(options_.variables);
  variables["PYTHONDONTWRITEBYTECODE"] = "1";
  spec.environment = ToEntries(variables);
  spec.working_dir = options_.folder;
  std::weak_ptr<Job> weak = job;
  os::StreamProcess::Callbacks callbacks;
  callbacks.on_stderr = [weak](const std::string& bytes) {
    if (auto strong = weak.lock()) strong->OnStderr(bytes);
  };
  callbacks.on_exit = [this, weak](Result<os::CommandResult> result) {
    if (auto strong = weak.lock()) Ended(strong, std::move(result));
  };
  job->timer = loop_.After("conda.late", std::chrono::milliseconds(options_.longest_ms), [weak] {
    auto strong = weak.lock();
    if (!strong) return;
    strong->timer = 0;
    strong->late = true;
    if (strong->process) strong->process->Kill();
  });
  job->process = os::StartStreamProcess(loop_, std::move(spec), std::move(callbacks));
}

void CondaDriver::Ended(const std::shared_ptr<Job>& job, Result<os::CommandResult> result) {
  if (job->timer != 0) loop_.Cancel(job->timer);
  job->process.reset();
  jobs_.erase(job->id);
  (void)os::PosixFileSystem().Remove(job->file);
  if (job->late)
    return job->done(Error(Code::kDeadlineExceeded, "conda's " + job->command +
                                                        " was ended after " +
                                                        std::to_string(options_.longest_ms / 1000) +
                                                        " s: " + job->last_line));
  if (!result) return job->done(result.error());
  auto answer = json::Parse(std::string(Trim(result->out)));
  if (!answer || !answer->is_object())
    return job->done(Error(Code::kFailedPrecondition,
                           "conda's " + job->command + " ended with exit code " +
                               std::to_string(result->exit_code) + ": " + job->last_line));
  if ((*answer)["error"].is_string()) return job->done(ErrorOf(*answer));
  job->done(*std::move(answer));
}

}  // namespace rw::env
