// Packages on top of images, by uv inside of them.
#include "base/strings.h"
#include "env/image_work.h"
#include "env/lock_notes.h"
#include "env/pip_config.h"
#include "env/uv_credentials.h"
#include "env/uv_resolve.h"
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
    if (name.starts_with("UV_") || name.starts_with("GIT_CONFIG_") || low.ends_with("_proxy") ||
        name == "NETRC" || name == "SSL_CERT_FILE" || name == "SOURCE_DATE_EPOCH")
      out[name] = value;
  }
  out["UV_LINK_MODE"] = "copy";  // the cache lies on another file system
  out["UV_PYTHON_DOWNLOADS"] = "never";
  out.erase("UV_PYTHON");
  return out;
}
}  // namespace

/// What uv in a container needs; found again by the folder that uv works in.
struct ImageInstaller::UvWork {
  Part part;
  WorkContainer container;
  EnvironmentSpec spec;  // with the logins of its indexes
  Variables variables;
  Secrets secrets;
  std::vector<std::string> command;  // of the engine; starts the container
};

Result<ImageInstaller::UvWorkPtr> ImageInstaller::MakeUvWork(
    const EnvironmentSpec& spec, const Interpreter& python,
    const std::vector<Credential>& credentials, const Part& part) {
  auto work = std::make_shared<UvWork>();
  work->part = part;
  PipSettings pip = ReadPipSettings(options_.variables, "", ReadSettings);
  work->spec = WithCredentials(spec, credentials);
  Variables all = UvVariables(options_.variables, pip, work->spec, work->secrets);
  AddGitCredentials(spec, credentials, all);
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
  ShowSettings(all, *work);
  ShowCache(all, *work);
  works_[part->path()] = work;
  return work;
}

/// Certificates and logins that uv reads from files.
void ImageInstaller::ShowSettings(const Variables& all, UvWork& work) const {
  std::string certificates = Get(work.variables, "SSL_CERT_FILE");
  if (certificates.empty()) certificates = kMachineCertificates;
  work.variables.erase("SSL_CERT_FILE");
  if (IsThereNow(certificates)) {
    work.container.read_only.push_back(certificates);
    work.variables["SSL_CERT_FILE"] = certificates;
  }
  std::string netrc = Get(all, "NETRC");
  if (netrc.empty()) netrc = Get(all, "HOME") + "/.netrc";
  if (IsThereNow(netrc)) {
    work.container.read_only.push_back(netrc);
    work.variables["NETRC"] = netrc;
  }
}

void ImageInstaller::ShowCache(const Variables& all, UvWork& work) const {
  // What root of docker's daemon writes would not be this user's.
  if (!facts_ || facts_->user != "0:0") {
    work.variables.erase("UV_CACHE_DIR");
    work.variables["UV_NO_CACHE"] = "1";
    return;
  }
  std::string cache = Get(all, "UV_CACHE_DIR");
  if (cache.empty() && !Get(all, "XDG_CACHE_HOME").empty())
    cache = Get(all, "XDG_CACHE_HOME") + "/uv";
  if (cache.empty() && !Get(all, "HOME").empty()) cache = Get(all, "HOME") + "/.cache/uv";
  if (cache.empty()) cache = options_.folder + "/cache";
  if (!os::PosixFileSystem().MakeDirs(cache)) return;
  work.container.writable.push_back(cache);
  work.variables["UV_CACHE_DIR"] = cache;
}

Status ImageInstaller::WrapUv(Command& command) {
  auto found = works_.find(command.working_dir);
  UvWorkPtr work = found == works_.end() ? nullptr : found->second.lock();
  if (!work) return Error(Code::kInternal, "uv was to be started in no image");
  std::vector<std::string> arguments = std::move(command.argv);
  arguments[0] = std::string(kUvInside);
  TRY(work->part->Write("inside", InsideText(arguments, command.variables, work->part->path())));
  command.argv = work->command;
  command.variables = EngineVariables(options_.variables, false);
  command.working_dir = "/";
  return Ok();
}

Result<CondaMapping> ImageInstaller::AsPip(const EnvironmentSpec& spec) const {
  if (spec.kind != EnvironmentSpec::Kind::kConda) return CondaMapping{spec, {}};
  CondaNames names;
  if (!options_.conda_names.empty())
    names = TRY(CondaNames::Parse(
        TRY(os::ReadFile(os::PosixFileSystem(), options_.conda_names, 16 << 20))));
  return MapCondaPackages(spec, names, "packages go onto an image by pip");
}

void ImageInstaller::Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) {
  auto mapped = AsPip(request.spec);
  if (!mapped) return done(mapped.error());
  auto shared = std::make_shared<ResolveRequest>(std::move(request));
  shared->spec = mapped->spec;
  LearnEngine(shared->spec.image, [=, this](const Status& learned) {
    if (!learned) return done(learned.error());
    MakePart([=, this](Result<Part> part) {
      if (!part) return done(part.error());
      auto work = MakeUvWork(shared->spec, shared->interpreter, shared->credentials, *part);
      if (!work) return done(work.error());
      (*work)->command = WorkCommand((*work)->container, false);
      auto write = [this, part = *part](std::map<std::string, std::string> files,
                                        const std::function<void(Status)>& written) {
        auto all = std::make_shared<std::map<std::string, std::string>>(std::move(files));
        Work<bool>(
            "image.write",
            [part, all]() -> Result<bool> {
              for (const auto& [name, text] : *all) TRY(part->Write(name, text));
              return true;
            },
            [written](const Result<bool>& wrote) {
              written(wrote ? Ok() : Status(wrote.error()));
            });
      };
      UvResolveJob job;
      job.request = *shared;
      job.request.spec = (*work)->spec;
      job.request.interpreter.path = InsideOfPath(shared->interpreter.path);
      job.variables = (*work)->variables;
      job.folder = (*part)->path();
      job.limit_ms = kUvSeconds * 1000;
      job.no_index = !Get((*work)->variables, "UV_NO_INDEX").empty();
      progress.Step("resolving in the image");
      ResolveByUv(
          uv_, write, std::move(job), progress,
          [this, work = *work, done, warnings = mapped->warnings](Result<Resolved> resolved) {
            RemovePart(work->part);
            if (resolved)
              resolved->warnings.insert(resolved->warnings.begin(), warnings.begin(),
                                        warnings.end());
            done(std::move(resolved));
          });
    });
  });
}

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
  command.limit_ms = kUvSeconds * 1000;
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
