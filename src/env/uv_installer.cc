#include "env/uv_installer.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include "base/strings.h"
#include "env/bytecode.h"
#include "env/pip_config.h"
#include "env/uv_credentials.h"
#include "env/uv_pythons.h"
#include "env/uv_resolve.h"
#include "env/uv_work.h"
#include "os/namespaces.h"
#include "os/paths.h"

namespace rw::env {
namespace {

std::optional<std::string> ReadSettingsFile(const std::string& path) {
  auto text = os::ReadFile(os::PosixFileSystem(), path, 1 << 20);
  if (!text) return std::nullopt;
  return *std::move(text);
}

/// A limit that is no number of seconds is none of ours to guess: the usual one stays.
UvOptions WithLimit(UvOptions options) {
  auto seconds = ParseInt(Get(options.variables, "RUNWRIGHT_BUILD_SECONDS"));
  if (seconds && *seconds > 0) options.build_limit_ms = *seconds * 1000;
  return options;
}

/// Where Pythons that uv fetches lie.
std::string FetchedFolder(const UvOptions& options) { return options.folder + "/python"; }

/// uv's own, as it finds it by the variables.
std::string CacheFolder(const UvOptions& options) {
  std::string given = Get(options.variables, "UV_CACHE_DIR");
  if (!given.empty()) return given;
  std::string caches = Get(options.variables, "XDG_CACHE_HOME");
  if (!caches.empty()) return caches + "/uv";
  std::string home = Get(options.variables, "HOME");
  return home.empty() ? options.folder + "/cache" : home + "/.cache/uv";
}

}  // namespace

UvInstaller::UvInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random,
                         UvOptions options)
    : pool_(pool),
      clock_(clock),
      random_(random),
      options_(WithLimit(std::move(options))),
      interpreters_(std::make_shared<Interpreters>(options_.variables, options_.default_python,
                                                   FetchedFolder(options_))),
      runner_(loop, FindProgram(options_.variables, options_.program_folder, "uv"),
              options_.retry_delay_ms) {
  // Listed now, removed later: what this server makes itself is not among them.
  auto left = std::make_shared<std::vector<std::string>>(Leftovers(Builds(), !options_.shared));
  for (std::string& part : Leftovers(options_.folder + "/bytecode", !options_.shared))
    left->push_back(std::move(part));
  if (!left->empty())
    pool_.Run(
        "env.leftovers", [left] { RemoveLeftovers(*left); }, [] {});
}

void UvInstaller::Find(const std::string& asked, Done<Interpreter> done) {
  Work<Interpreter>(
      "env.find",
      [all = interpreters_, asked] {
        auto found = all->Find(asked);
        if (found && !all->KnownPackages(found->path)) all->AskPackages(found->path);
        return found;
      },
      std::move(done));
}

void UvInstaller::Facts(FactsWanted wanted, Done<NodeFacts> done) {
  Work<NodeFacts>(
      "env.facts",
      [all = interpreters_, wanted = std::move(wanted), variables = options_.variables] {
        return FactsOf(*all, wanted, variables);
      },
      std::move(done));
}

void UvInstaller::Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) {
  auto choose = [all = interpreters_, spec] { return ChooseFor(*all, spec); };
  bool by_version = spec.recipe.base.empty();
  Work<PythonChoice>("env.choose", choose,
                     [this, spec, by_version, progress = std::move(progress),
                      done = std::move(done)](Result<PythonChoice> choice) {
                       bool there =
                           !choice || !by_version || HasMinor(spec.python, choice->interpreter);
                       if (there) return done(std::move(choice));
                       Fetch(spec, progress, *std::move(choice), done);
                     });
}

BuildUse UvInstaller::UseOf(const std::string& build_id) const {
  std::string folder = BuildFolder(build_id);
  json::Value protect;
  protect.Set("build", folder).Set("bytecode", BytecodeFolder(folder));
  protect.Set("cache", json::Array{json::Value(CacheFolder(options_))});
  return {folder + "/bin/python", {folder + "/bin"}, {}, std::move(protect)};
}

std::string UvInstaller::Platform() const {
  utsname name;
  uname(&name);
  return "linux-" + std::string(name.machine) + "-glibc" + gnu_get_libc_version();
}

Result<Prepared> UvInstaller::Prepare(const UvOptions& options, const EnvironmentSpec& spec,
                                      const Interpreter& python,
                                      const std::vector<Credential>& credentials,
                                      const std::string& folder) {
  Prepared out;
  out.part = std::make_shared<os::FileLock>(TRY(HoldPart(folder)));
  PipSettings pip = ReadPipSettings(options.variables, python.prefix, ReadSettingsFile);
  out.spec = WithCredentials(spec, credentials);
  out.variables = UvVariables(options.variables, pip, out.spec, out.secrets);
  AddGitCredentials(spec, credentials, out.variables);
  out.variables["UV_CACHE_DIR"] = CacheFolder(options);
  // Where runs cannot be kept from writing into a build, what they write stays in that build.
  if (!os::MountNamespacesWork()) out.variables.emplace("UV_LINK_MODE", "copy");
  return out;
}

void UvInstaller::Fetch(const EnvironmentSpec& spec, const Progress& progress,
                        const PythonChoice& without, const Done<PythonChoice>& done) {
  progress.Log("Python " + spec.python +
               " is not installed; asking for it where uv gets Pythons\n");
  UvCommand command = FetchCommand(spec.python, options_.variables, FetchedFolder(options_));
  command.limit_ms = options_.build_limit_ms;
  command.step = progress.step;
  runner_.Run(std::move(command), progress.log,
              [this, spec, without, done](const Result<UvOutcome>& outcome) {
                if (!outcome) return done(without);
                if (!outcome->ok) return done(WithoutFetched(spec, outcome->words, without));
                Work<PythonChoice>(
                    "env.choose", [all = interpreters_, spec] { return ChooseFor(*all, spec); },
                    done);
              });
}

void UvInstaller::Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) {
  std::string folder = NewPart(Builds(), random_);
  auto shared = std::make_shared<ResolveRequest>(std::move(request));
  auto work = [options = options_, shared, folder] {
    return Prepare(options, shared->spec, shared->interpreter, shared->credentials, folder);
  };
  auto finish = [this, folder, done](Result<Resolved> result) {
    RemoveLater(folder);
    done(std::move(result));
  };
  auto write = [this, folder](std::map<std::string, std::string> files,
                              const std::function<void(Status)>& written) {
    if (files.empty()) return written(Ok());
    auto contents = std::make_shared<std::map<std::string, std::string>>(std::move(files));
    auto status = std::make_shared<Status>();
    pool_.Run(
        "env.write", [contents, folder, status] { *status = WriteAll(*contents, folder); },
        [status, written, alive = std::weak_ptr<bool>(alive_)] {
          if (alive.lock()) written(*status);
        });
  };
  Work<Prepared>("env.prepare", work,
                 [this, shared, folder, progress, finish, write](Result<Prepared> prepared) {
                   if (!prepared) return finish(prepared.error());
                   auto held = [finish, part = prepared->part](Result<Resolved> resolved) {
                     finish(std::move(resolved));
                   };
                   bool no_index = !Get(prepared->variables, "UV_NO_INDEX").empty();
                   shared->spec = std::move(prepared->spec);
                   UvResolveJob job{std::move(*shared), std::move(prepared->variables), folder,
                                    options_.build_limit_ms, no_index};
                   ResolveByUv(runner_, write, std::move(job), progress, held);
                 });
}

std::unique_ptr<Installer> MakeUvInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                           Random& random, UvOptions options) {
  return std::make_unique<UvInstaller>(loop, pool, clock, random, std::move(options));
}

}  // namespace rw::env
