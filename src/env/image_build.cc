// Packages on top of images: a virtual environment that uv makes in a container, kept as an image.
#include "base/strings.h"
#include "env/image_uv.h"
#include "env/lock_notes.h"
#include "env/uv_words.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {

struct ImageInstaller::BuildJob {
  BuildRequest request;
  Progress progress;
  Done<BuildFacts> done;
  Part part;
  UvWorkPtr uv;
  LockNotes notes;
  bool created = false;  // the container, which is to be removed
  ImageRecord record;
  BuildFacts facts;
  int64_t started_us = 0;
};

void ImageInstaller::Build(BuildRequest request, Progress progress, Done<BuildFacts> done) {
  auto job = std::make_shared<BuildJob>();
  job->request = std::move(request);
  job->progress = std::move(progress);
  job->done = std::move(done);
  job->started_us = clock_.BootMicros();
  LearnEngine(job->request.spec.image, [this, job](const Status& learned) {
    if (!learned) return End(job, learned.error());
    job->record = RecordOf(ImageOfPath(job->request.interpreter.path));
    job->record.interpreter = InsideOfPath(job->request.interpreter.path);
    if (!job->request.spec.image.dockerfile.empty())
      job->record.base = BaseTag(job->request.spec.image);
    MakePart([this, job](Result<Part> part) {
      if (!part) return End(job, part.error());
      job->part = *part;
      if (PackagesOf(job->request.lock).empty()) return PublishRecord(job);
      // Another server of this machine may have made it; a tag is there only once it is whole.
      Inspect(EnvTag(job->request.build_id), [this, job](Result<ImageFacts> facts) {
        if (!facts) return MakeVenv(job);
        job->progress.Log("Using the image that is there\n");
        Made(job, *facts);
      });
    });
  });
}

void ImageInstaller::MakeVenv(const BuildJobPtr& job) {
  const BuildRequest& request = job->request;
  auto work = MakeUvWork(request.spec, request.interpreter, request.credentials, job->part);
  if (!work) return End(job, work.error());
  job->uv = *work;
  job->notes = ReadLockNotes(request.lock);
  Status written = job->part->Write("requirements.txt", job->uv->secrets.Restore(request.lock));
  if (written)
    written =
        job->part->Write("build-constraints.txt", Join(job->notes.build_constraints, "\n") + "\n");
  if (!written) return End(job, written.error());
  job->progress.Log("Making a virtual environment in the image with Python " +
                    request.interpreter.version + "\n");
  Run(WorkCommand(job->uv->container, true), false, {},
      [this, job](Result<CommandOutcome> outcome) {
        if (!outcome) return End(job, outcome.error());
        if (outcome->code != 0)
          return End(job, EngineError("make a container of the image", outcome->words,
                                      job->request.spec.image, ""));
        job->created = true;
        job->uv->command = {engine_, "start", "--attach", job->uv->container.name};
        // The image's own packages stay in sight.
        RunUv(job,
              {"venv", "--system-site-packages", "--no-project", "--quiet", "--color", "never",
               "--python", InsideOfPath(job->request.interpreter.path),
               std::string(kImageEnvironment)},
              [this, job](const UvOutcome& made) {
                if (made.ok) return Install(job);
                End(job, Error(Code::kFailedPrecondition,
                               "no virtual environment could be made in the image: " +
                                   CauseOf(made.words),
                               "environment.image"));
              });
      });
}

void ImageInstaller::RunUv(const BuildJobPtr& job, std::vector<std::string> arguments,
                           std::function<void(const UvOutcome&)> done) {
  UvCommand command;
  command.arguments = std::move(arguments);
  command.variables = job->uv->variables;
  command.working_dir = job->part->path();
  command.limit_ms = kUvInImageMs;
  uv_.Run(std::move(command), job->progress.log,
          [this, job, done = std::move(done)](Result<UvOutcome> outcome) {
            if (!outcome) return End(job, outcome.error());
            done(*outcome);
          });
}

void ImageInstaller::Install(const BuildJobPtr& job) {
  std::vector<std::string> arguments = {"pip",
                                        "sync",
                                        "--color",
                                        "never",
                                        "--python",
                                        std::string(kImageEnvironment) + "/bin/python",
                                        "requirements.txt"};
  if (!Get(job->uv->variables, "UV_NO_INDEX").empty()) arguments.emplace_back("--no-index");
  if (!job->notes.build_constraints.empty())
    arguments.insert(arguments.end(), {"--build-constraints", "build-constraints.txt"});
  job->progress.Log("Installing " + std::to_string(PackagesOf(job->request.lock).size()) +
                    " packages on the image\n");
  job->progress.Step("installing packages on the image");
  RunUv(job, std::move(arguments), [this, job](const UvOutcome& outcome) {
    if (!outcome.ok) return End(job, UvError("install", outcome.words, job->request.spec.names));
    Commit(job);
  });
}

std::string ImageInstaller::EnvTag(const std::string& build_id) {
  return "localhost/runwright/env:" + build_id;
}

void ImageInstaller::Commit(const BuildJobPtr& job) {
  std::string tag = EnvTag(job->request.build_id);
  held_tags_.insert(tag);
  Run({engine_, "commit", "--change", "ENTRYPOINT []", "--change", "CMD []", "--change",
       "LABEL " + RootLabel(), job->uv->container.name, tag},
      false, {}, [this, job, tag](Result<CommandOutcome> outcome) {
        if (!outcome) return End(job, outcome.error());
        if (outcome->code != 0)
          return End(job,
                     EngineError("keep the image", outcome->words, job->request.spec.image, ""));
        Inspect(tag, [this, job](Result<ImageFacts> facts) {
          if (!facts) return End(job, facts.error());
          Made(job, *facts);
        });
      });
}

void ImageInstaller::Made(const BuildJobPtr& job, const ImageFacts& facts) {
  job->record.tag = EnvTag(job->request.build_id);
  job->record.image = facts.id;
  job->facts.bytes = facts.bytes;
  job->record.bin = std::string(kImageEnvironment) + "/bin";
  job->record.interpreter = job->record.bin + "/python";
  PublishRecord(job);
}

void ImageInstaller::PublishRecord(const BuildJobPtr& job) {
  auto work = [made = job->part->path() + "/build", published = BuildFolder(job->request.build_id),
               text = json::Write(ToJson(job->record)) + "\n"]() -> Result<bool> {
    os::FileSystem& fs = os::PosixFileSystem();
    TRY(fs.MakeDirs(made));
    TRY(os::WriteFileAtomically(fs, made + "/image.json", text));
    TRY(fs.RemoveTree(published));
    TRY(fs.Rename(made, published));
    TRY(fs.SyncDir(os::DirName(published)));
    return true;
  };
  Work<bool>("image.publish", work, [this, job](Result<bool> published) {
    if (!published) return End(job, published.error());
    records_[job->request.build_id] = job->record;
    seen_us_[job->request.build_id] = clock_.BootMicros();
    job->progress.Log("Image " + job->record.image.substr(0, 19) + " is ready\n");
    End(job, job->facts);
  });
}

void ImageInstaller::End(const BuildJobPtr& job, Result<BuildFacts> result) {
  if (job->created)
    Run({engine_, "rm", "--force", job->uv->container.name}, false, {},
        [](const Result<CommandOutcome>&) {});
  if (job->part) RemovePart(std::move(job->part));
  held_tags_.erase(EnvTag(job->request.build_id));
  held_tags_.erase(job->record.base);
  if (result) Sweep();
  job->done(std::move(result));
}

}  // namespace rw::env
