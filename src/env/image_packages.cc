// Packages on top of images, by uv inside of them.
#include <algorithm>

#include "base/strings.h"
#include "env/image_work.h"
#include "env/pip_config.h"
#include "env/uv_words.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {
constexpr char kMachineCertificates[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr int64_t kUvSeconds = 3600;

bool IsThereNow(const std::string& path) {
  return path.starts_with('/') && os::Exists(os::PosixFileSystem(), path);
}

std::optional<std::string> ReadSettings(const std::string& path) {
  auto text = os::ReadFile(os::PosixFileSystem(), path, 1 << 20);
  if (!text) return std::nullopt;
  return *std::move(text);
}

/// Of the server's variables only what uv and the tools it starts for builds go by.
Variables ForImage(const Variables& all) {
  Variables out;
  for (const auto& [name, value] : all) {
    std::string low = Lower(name);
    if (name.starts_with("UV_") || low.ends_with("_proxy") || name == "NETRC" ||
        name == "SSL_CERT_FILE" || name == "SOURCE_DATE_EPOCH")
      out[name] = value;
  }
  out["UV_LINK_MODE"] = "copy";  // the cache lies on another file system
  out["UV_PYTHON_DOWNLOADS"] = "never";
  out.erase("UV_PYTHON");
  return out;
}
}  // namespace

/// uv in a container, tried as UvRunner tries it outside of one.
struct ImageInstaller::UvWork {
  Part part;
  WorkContainer container;
  Variables variables;
  Secrets secrets;
  Progress progress;
  std::vector<std::string> arguments;
  std::vector<std::string> command;  // of the engine; starts the container
};

std::shared_ptr<ImageInstaller::UvWork> ImageInstaller::MakeUvWork(const EnvironmentSpec& spec,
                                                                   const Interpreter& python,
                                                                   const Part& part) {
  auto work = std::make_shared<UvWork>();
  work->part = part;
  PipSettings pip = ReadPipSettings(options_.variables, "", ReadSettings);
  Variables all = UvVariables(options_.variables, pip, spec, work->secrets);
  work->variables = ForImage(all);
  WorkContainer& container = work->container;
  container.engine = engine_;
  container.image = ImageOfPath(python.path);
  container.name = "runwright-build-" + random_.Hex(6);
  container.part = part->path();
  container.guard = Guard();
  container.uv = Uv();
  for (const std::string& path : LocalPaths(spec, all))
    if (IsThereNow(path)) container.read_only.push_back(path);
  std::string certificates = Get(work->variables, "SSL_CERT_FILE");
  if (certificates.empty()) certificates = kMachineCertificates;
  work->variables.erase("SSL_CERT_FILE");
  if (IsThereNow(certificates)) {
    container.read_only.push_back(certificates);
    work->variables["SSL_CERT_FILE"] = certificates;
  }
  std::string netrc = Get(all, "NETRC");
  if (netrc.empty()) netrc = Get(all, "HOME") + "/.netrc";
  if (IsThereNow(netrc)) {
    container.read_only.push_back(netrc);
    work->variables["NETRC"] = netrc;
  }
  // What root of docker's daemon writes would not be this user's.
  if (facts_ && facts_->user == "0:0") {
    std::string cache = Get(all, "UV_CACHE_DIR");
    if (cache.empty() && !Get(all, "XDG_CACHE_HOME").empty())
      cache = Get(all, "XDG_CACHE_HOME") + "/uv";
    if (cache.empty() && !Get(all, "HOME").empty()) cache = Get(all, "HOME") + "/.cache/uv";
    if (cache.empty()) cache = options_.folder + "/cache";
    if (os::PosixFileSystem().MakeDirs(cache)) {
      container.writable.push_back(cache);
      work->variables["UV_CACHE_DIR"] = cache;
    }
  } else {
    work->variables.erase("UV_CACHE_DIR");
    work->variables["UV_NO_CACHE"] = "1";
  }
  return work;
}

void ImageInstaller::RunUv(std::shared_ptr<UvWork> work, std::vector<UvTry> failed,
                           std::string words, std::function<void(Result<UvOutcome>)> done) {
  UvTry next;
  if (!NextTry(failed, words, options_.retry_delay_ms, &next))
    return done(UvOutcome{false, "", std::move(words)});
  if (!failed.empty())
    work->progress.Log(next.offline ? "The package index was not reached (" + CauseOf(words) +
                                          "); trying uv's cache\n"
                                    : "Trying again (" + CauseOf(words) + ")\n");
  std::vector<std::string> arguments = {std::string(kUvInside)};
  arguments.insert(arguments.end(), work->arguments.begin(), work->arguments.end());
  if (next.offline) arguments.emplace_back("--offline");
  Variables variables = work->variables;
  variables.try_emplace("UV_HTTP_RETRIES", std::to_string(next.http_retries));
  auto start = [=, this] {
    Status written =
        work->part->Write("inside", InsideText(arguments, variables, work->part->path()));
    if (!written) return done(written.error());
    Run(work->command, false, work->progress, [=, this](Result<CommandOutcome> outcome) {
      if (!outcome) return done(outcome.error());
      if (outcome->code == 0)
        return done(UvOutcome{true, std::move(outcome->out), std::move(outcome->words)});
      if (outcome->code == 125 && outcome->words.find("Error:") != std::string::npos)
        return done(EngineError("start uv in the image", outcome->words, {}, ""));
      std::vector<UvTry> tries = failed;
      tries.push_back(next);
      // What the cache lacks says nothing new: the cause is the network's.
      RunUv(work, std::move(tries), next.offline ? words : std::move(outcome->words), done);
    });
  };
  if (next.delay_ms == 0) return start();
  loop_.After("image.retry", std::chrono::milliseconds(next.delay_ms),
              [start, alive = std::weak_ptr<bool>(alive_)] {
                if (!alive.expired()) start();
              });
}

void ImageInstaller::Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) {
  auto shared = std::make_shared<ResolveRequest>(std::move(request));
  LearnEngine(shared->spec.image, [=, this](const Status& learned) {
    if (!learned) return done(learned.error());
    MakePart([=, this](Result<Part> part) {
      if (!part) return done(part.error());
      const EnvironmentSpec& spec = shared->spec;
      auto work = MakeUvWork(spec, shared->interpreter, *part);
      work->progress = progress;
      work->arguments = {"pip",
                         "compile",
                         "--no-header",
                         "--no-annotate",
                         "--no-progress",
                         "--color",
                         "never",
                         "--python",
                         InsideOfPath(shared->interpreter.path),
                         "requirements.in"};
      Status written = work->part->Write("requirements.in", Join(spec.requirements, "\n") + "\n");
      if (written && !spec.constraints.empty()) {
        written = work->part->Write("constraints.txt", Join(spec.constraints, "\n") + "\n");
        work->arguments.insert(work->arguments.end(), {"--constraints", "constraints.txt"});
      }
      if (!written) return done(written.error());
      if (!Get(work->variables, "UV_NO_INDEX").empty()) work->arguments.emplace_back("--no-index");
      work->command = WorkCommand(work->container, false);
      progress.Step("resolving in the image");
      RunUv(work, {}, "", [=, this](Result<UvOutcome> outcome) {
        RemovePart(work->part);
        if (!outcome) return done(outcome.error());
        if (!outcome->ok) return done(UvError("resolve", outcome->words, shared->spec.names));
        done(Resolved{MaskUserInfo(outcome->out), {}});
      });
    });
  });
}

struct ImageInstaller::BuildJob {
  BuildRequest request;
  Progress progress;
  Done<BuildFacts> done;
  Part part;
  std::shared_ptr<UvWork> uv;
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
      MakeVenv(job);
    });
  });
}

void ImageInstaller::MakeVenv(const BuildJobPtr& job) {
  job->uv = MakeUvWork(job->request.spec, job->request.interpreter, job->part);
  job->uv->progress = job->progress;
  Status written =
      job->part->Write("requirements.txt", job->uv->secrets.Restore(job->request.lock));
  if (!written) return End(job, written.error());
  job->progress.Log("Making a virtual environment in the image with Python " +
                    job->request.interpreter.version + "\n");
  Run(WorkCommand(job->uv->container, true), false, {},
      [this, job](Result<CommandOutcome> outcome) {
        if (!outcome) return End(job, outcome.error());
        if (outcome->code != 0)
          return End(job, EngineError("make a container of the image", outcome->words,
                                      job->request.spec.image, ""));
        job->created = true;
        job->uv->command = {engine_, "start", "--attach", job->uv->container.name};
        job->uv->arguments = {"venv",
                              "--system-site-packages",
                              "--no-project",
                              "--quiet",
                              "--color",
                              "never",
                              "--python",
                              InsideOfPath(job->request.interpreter.path),
                              std::string(kImageEnvironment)};
        RunUv(job->uv, {}, "", [this, job](Result<UvOutcome> made) {
          if (!made) return End(job, made.error());
          if (!made->ok)
            return End(job, Error(Code::kFailedPrecondition,
                                  "no virtual environment could be made in the image: " +
                                      CauseOf(made->words),
                                  "environment.image"));
          Install(job);
        });
      });
}

void ImageInstaller::Install(const BuildJobPtr& job) {
  job->uv->arguments = {"pip",
                        "sync",
                        "--no-progress",
                        "--color",
                        "never",
                        "--python",
                        std::string(kImageEnvironment) + "/bin/python",
                        "requirements.txt"};
  if (!Get(job->uv->variables, "UV_NO_INDEX").empty())
    job->uv->arguments.emplace_back("--no-index");
  job->progress.Log("Installing " + std::to_string(PackagesOf(job->request.lock).size()) +
                    " packages on the image\n");
  job->progress.Step("installing packages on the image");
  RunUv(job->uv, {}, "", [this, job](Result<UvOutcome> outcome) {
    if (!outcome) return End(job, outcome.error());
    if (!outcome->ok) return End(job, UvError("install", outcome->words, job->request.spec.names));
    Commit(job);
  });
}

void ImageInstaller::Commit(const BuildJobPtr& job) {
  std::string tag = "localhost/runwright/env:" + job->request.build_id;
  job->record.tag = tag;
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
          job->record.image = facts->id;
          job->facts.bytes = facts->bytes;
          job->record.bin = std::string(kImageEnvironment) + "/bin";
          job->record.interpreter = job->record.bin + "/python";
          PublishRecord(job);
        });
      });
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
    job->progress.Log("Image " + job->record.image.substr(0, 19) + " is ready\n");
    End(job, job->facts);
  });
}

void ImageInstaller::End(const BuildJobPtr& job, Result<BuildFacts> result) {
  if (job->created)
    Run({engine_, "rm", "--force", job->uv->container.name}, false, {},
        [](const Result<CommandOutcome>&) {});
  if (job->part) RemovePart(std::move(job->part));
  held_tags_.erase(job->record.tag);
  held_tags_.erase(job->record.base);
  if (result) Sweep();
  job->done(std::move(result));
}

}  // namespace rw::env
