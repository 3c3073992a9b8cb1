#include "env/conda_driver.h"

#include "base/strings.h"
#include "env/programs.h"
#include "env/secrets.h"
#include "json/value.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

constexpr const char* kJobPrefix = ".conda-job-";
constexpr int64_t kJobLivesUs = int64_t{60} * 1'000'000;

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

Result<json::Value> AnswerOf(const std::string& command, const Result<CommandOutcome>& outcome) {
  if (!outcome) {
    const Error& error = outcome.error();
    return Error(error.code(), "conda's " + command + ": " + error.message());
  }
  auto answer = json::Parse(std::string(Trim(outcome->out)));
  if (!answer || !answer->is_object())
    return Error(Code::kFailedPrecondition, "conda's " + command + " ended with exit code " +
                                                std::to_string(outcome->code) + ": " +
                                                LastLine(outcome->words));
  if ((*answer)["error"].is_string()) return ErrorOf(*answer);
  return *std::move(answer);
}

}  // namespace

CondaDriver::CondaDriver(Loop& loop, WorkerPool& pool, Random& random, Installer& uv,
                         CondaOptions options)
    : pool_(pool),
      random_(random),
      uv_(uv),
      options_(std::move(options)),
      runner_(MakeCommandRunner(loop)),
      solver_(loop, pool, uv, options_.folder) {
  // A server that was killed in the wrong millisecond left a job, perhaps with a password.
  pool_.Run(
      "conda.leftovers", [folder = options_.folder] { RemoveOldJobs(folder); }, [] {});
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
  solver_.Interpreter(progress, [done = std::move(done)](const Result<std::string>& python) {
    if (!python) return done(python.error());
    done(CondaTool{*python, {}});
  });
}

void CondaDriver::Run(const CondaTool& tool, const std::string& command, json::Value job,
                      const Progress& progress, const Done<json::Value>& done) {
  std::string file = os::JoinPath(options_.folder, kJobPrefix + random_.Hex(8));
  job.Set("cache", options_.folder + "/conda-cache");
  if (!tool.micromamba.empty()) job.Set("micromamba", tool.micromamba);
  Command program;
  program.argv = {tool.python, options_.driver, command, file};
  program.variables = ForTools(options_.variables);
  program.variables["PYTHONDONTWRITEBYTECODE"] = "1";
  program.working_dir = options_.folder;
  program.limit_ms = options_.longest_ms;
  auto ended = [file, command, done](const Result<CommandOutcome>& outcome) {
    (void)os::PosixFileSystem().Remove(file);
    done(AnswerOf(command, outcome));
  };
  auto written = std::make_shared<Status>();
  // With passwords, perhaps: the driver removes it before it does anything else.
  pool_.Run(
      "conda.job",
      [written, file, text = json::Write(job)] {
        *written = os::WriteFileAtomically(os::PosixFileSystem(), file, text, 0600);
      },
      [this, program, progress, done, ended, written, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        if (!*written) return done(written->error());
        runner_->Run(program, progress.log, ended);
      });
}

}  // namespace rw::env
