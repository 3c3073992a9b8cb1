#include "base/strings.h"
#include "env/lock_notes.h"
#include "env/uv_words.h"
#include "env/uv_work.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// uv has an option for pip's no-index, but reads no variable for it.
void PassNoIndex(UvCommand& command) {
  if (!Get(command.variables, "UV_NO_INDEX").empty()) command.arguments.push_back("--no-index");
}

std::string Seconds(int64_t micros) {
  int64_t tenths = (micros + 50'000) / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}
}  // namespace

Status WriteAll(const std::map<std::string, std::string>& files, const std::string& folder) {
  for (const auto& [name, text] : files)
    TRY(os::WriteFileAtomically(os::PosixFileSystem(), os::JoinPath(folder, name), text, 0600));
  return Ok();
}

struct UvInstaller::BuildJob {
  BuildRequest request;
  Progress progress;
  Done<BuildFacts> done;
  std::string folder;  // holds requirements.txt and, made aside, the environment
  Variables variables;
  std::shared_ptr<os::FileLock> part;
  LockNotes notes;
  int64_t started_us = 0;
  std::string made() const { return folder + "/environment"; }
};

void UvInstaller::Build(BuildRequest request, Progress progress, Done<BuildFacts> done) {
  auto job = std::make_shared<BuildJob>();
  job->request = std::move(request);
  job->progress = std::move(progress);
  job->done = std::move(done);
  job->folder = NewPart(Builds(), random_);
  job->started_us = clock_.BootMicros();
  auto work = [options = options_, job]() -> Result<Prepared> {
    const BuildRequest& asked = job->request;
    Prepared out =
        TRY(Prepare(options, asked.spec, asked.interpreter, asked.credentials, job->folder));
    job->notes = ReadLockNotes(asked.lock);
    TRY(WriteAll({{"requirements.txt", out.secrets.Restore(asked.lock)},
                  {"build-constraints.txt", Join(job->notes.build_constraints, "\n") + "\n"}},
                 job->folder));
    return out;
  };
  Work<Prepared>("env.prepare", work, [this, job](Result<Prepared> prepared) {
    if (!prepared) return Fail(job, prepared.error());
    job->variables = std::move(prepared->variables);
    job->part = std::move(prepared->part);
    MakeVenv(job);
  });
}

void UvInstaller::MakeVenv(const std::shared_ptr<BuildJob>& job) {
  UvCommand command;
  command.arguments = {"venv",
                       "--relocatable",
                       "--no-project",
                       "--quiet",
                       "--color",
                       "never",
                       "--no-python-downloads",
                       "--python",
                       job->request.interpreter.path,
                       job->made()};
  if (job->notes.site_packages) command.arguments.emplace_back("--system-site-packages");
  command.variables = job->variables;
  command.working_dir = job->folder;
  job->progress.Log("Making a virtual environment with Python " + job->request.interpreter.version +
                    "\n");
  runner_.Run(std::move(command), job->progress.log, [this, job](Result<UvOutcome> outcome) {
    if (!outcome) return Fail(job, outcome.error());
    if (!outcome->ok)
      return Fail(job, Error(Code::kFailedPrecondition,
                             "no virtual environment could be made with " +
                                 job->request.interpreter.path + ": " + CauseOf(outcome->words)));
    if (PackagesOf(job->request.lock).empty()) return Publish(job);
    Sync(job);
  });
}

void UvInstaller::Sync(const std::shared_ptr<BuildJob>& job) {
  UvCommand command;
  command.arguments = {"pip",
                       "sync",
                       "--color",
                       "never",
                       "--no-python-downloads",
                       "--python",
                       job->made() + "/bin/python",
                       "requirements.txt"};
  if (!job->notes.build_constraints.empty())
    command.arguments.insert(command.arguments.end(),
                             {"--build-constraints", "build-constraints.txt"});
  command.variables = job->variables;
  command.working_dir = job->folder;
  command.limit_ms = options_.build_limit_ms;
  PassNoIndex(command);
  command.step = job->progress.step;
  job->progress.Log("Installing " + std::to_string(PackagesOf(job->request.lock).size()) +
                    " packages\n");
  runner_.Run(std::move(command), job->progress.log, [this, job](Result<UvOutcome> outcome) {
    if (!outcome) return Fail(job, outcome.error());
    if (!outcome->ok) return Fail(job, UvError("install", outcome->words, job->request.spec.names));
    Publish(job);
  });
}

void UvInstaller::Publish(const std::shared_ptr<BuildJob>& job) {
  std::string published = BuildFolder(job->request.build_id);
  Work<uint64_t>(
      "env.publish", [job, published] { return PublishBuild(job->made(), published); },
      [this, job](Result<uint64_t> bytes) {
        if (!bytes) return Fail(job, bytes.error());
        RemoveLater(job->folder);
        job->progress.Log("Published build " + job->request.build_id.substr(0, 12) + " (" +
                          HumanBytes(*bytes) + ") in " +
                          Seconds(clock_.BootMicros() - job->started_us) + "\n");
        job->done(BuildFacts{*bytes});
      });
}

void UvInstaller::Fail(const std::shared_ptr<BuildJob>& job, Error error) {
  RemoveLater(job->folder);
  job->done(std::move(error));
}

}  // namespace rw::env
