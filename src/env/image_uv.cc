// uv inside of images: what it sees of the machine, and what it resolves to.
#include "env/image_uv.h"

#include "base/strings.h"
#include "env/pip_config.h"
#include "env/uv_credentials.h"
#include "env/uv_resolve.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {
constexpr char kMachineCertificates[] = "/etc/ssl/certs/ca-certificates.crt";

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
      job.limit_ms = kUvInImageMs;
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

}  // namespace rw::env
