#include "env/uv_installer.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <map>

#include "base/strings.h"
#include "env/build_folder.h"
#include "env/build_manifest.h"
#include "env/bytecode.h"
#include "env/interpreters.h"
#include "env/lock_notes.h"
#include "env/pip_config.h"
#include "env/programs.h"
#include "env/secrets.h"
#include "env/uv_credentials.h"
#include "env/uv_pythons.h"
#include "env/uv_resolve.h"
#include "env/uv_runner.h"
#include "env/uv_words.h"
#include "os/file_system.h"
#include "os/namespaces.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// uv has an option for pip's no-index, but reads no variable for it.
void PassNoIndex(UvCommand& command) {
  if (!Get(command.variables, "UV_NO_INDEX").empty()) command.arguments.push_back("--no-index");
}

std::optional<std::string> ReadText(const std::string& path) {
  auto text = os::ReadFile(os::PosixFileSystem(), path, 1 << 20);
  if (!text) return std::nullopt;
  return *std::move(text);
}

Status WriteAll(const std::map<std::string, std::string>& files, const std::string& folder) {
  for (const auto& [name, text] : files)
    TRY(os::WriteFileAtomically(os::PosixFileSystem(), os::JoinPath(folder, name), text, 0600));
  return Ok();
}

std::string Seconds(int64_t micros) {
  int64_t tenths = (micros + 50'000) / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
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

/// What one command of uv needs, read off the loop.
struct Prepared {
  EnvironmentSpec spec;  // its URLs with the passwords that credentials give them
  Variables variables;
  Secrets secrets;
  std::shared_ptr<os::FileLock> part;  // says that the folder's maker lives
};

class UvInstaller final : public Installer {
 public:
  UvInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random, UvOptions options)
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

  Result<std::optional<Interpreter>> Known(const std::string& asked) override {
    return interpreters_->Known(asked);
  }
  void Find(const std::string& asked, Done<Interpreter> done) override {
    Work<Interpreter>(
        "env.find",
        [all = interpreters_, asked] {
          auto found = all->Find(asked);
          if (found && !all->KnownPackages(found->path)) all->AskPackages(found->path);
          return found;
        },
        std::move(done));
  }
  std::optional<std::vector<std::string>> KnownPackages(const std::string& path) override {
    return interpreters_->KnownPackages(path);
  }
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override {
    Work<NodeFacts>(
        "env.facts",
        [all = interpreters_, wanted = std::move(wanted), variables = options_.variables] {
          return FactsOf(*all, wanted, variables);
        },
        std::move(done));
  }
  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override {
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
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override {
    (void)spec;
    auto known = interpreters_->Known(python.path);
    return known && *known && (*known)->version == python.version;
  }

  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override;
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override;

  bool IsPublished(const std::string& build_id) override {
    std::string folder = BuildFolder(build_id);
    return IsProgram(folder + "/bin/python") && !IsMarkedChanged(os::PosixFileSystem(), folder);
  }
  std::string BuildFolder(const std::string& build_id) const override {
    return Builds() + "/" + build_id;
  }
  BuildUse UseOf(const std::string& build_id) const override {
    std::string folder = BuildFolder(build_id);
    json::Value protect;
    protect.Set("build", folder).Set("bytecode", BytecodeFolder(folder));
    protect.Set("cache", json::Array{json::Value(CacheFolder(options_))});
    return {folder + "/bin/python", {folder + "/bin"}, {}, std::move(protect)};
  }
  std::string Platform() const override {
    utsname name;
    uname(&name);
    return "linux-" + std::string(name.machine) + "-glibc" + gnu_get_libc_version();
  }
  void Retiring(const std::string& build_id) override { (void)build_id; }
  std::string SaveState() override { return interpreters_->Save(); }
  void LoadState(const std::string& text) override { interpreters_->Load(text); }

 private:
  struct BuildJob;

  std::string Builds() const { return options_.folder + "/builds"; }

  /// `work` on a worker thread, `done` on the loop unless this is gone by then.
  template <class T, class F>
  void Work(std::string_view name, F work, Done<T> done) {
    auto result = std::make_shared<std::optional<Result<T>>>();
    pool_.Run(
        name, [result, work = std::move(work)] { result->emplace(work()); },
        [result, done = std::move(done), alive = std::weak_ptr<bool>(alive_)] {
          if (alive.lock()) done(std::move(**result));
        });
  }

  /// Makes `folder` and reads what uv's variables come from.
  static Result<Prepared> Prepare(const UvOptions& options, const EnvironmentSpec& spec,
                                  const Interpreter& python,
                                  const std::vector<Credential>& credentials,
                                  const std::string& folder) {
    Prepared out;
    out.part = std::make_shared<os::FileLock>(TRY(HoldPart(folder)));
    PipSettings pip = ReadPipSettings(options.variables, python.prefix, ReadText);
    out.spec = WithCredentials(spec, credentials);
    out.variables = UvVariables(options.variables, pip, out.spec, out.secrets);
    AddGitCredentials(spec, credentials, out.variables);
    out.variables["UV_CACHE_DIR"] = CacheFolder(options);
    // Where runs cannot be kept from writing into a build, what they write stays in that build.
    if (!os::MountNamespacesWork()) out.variables.emplace("UV_LINK_MODE", "copy");
    return out;
  }

  /// A Python that is not installed, from where uv gets Pythons.
  void Fetch(const EnvironmentSpec& spec, const Progress& progress, PythonChoice without,
             Done<PythonChoice> done);
  void RemoveLater(const std::string& folder) {
    pool_.Run(
        "env.remove", [folder] { (void)RemoveBuild(folder); }, [] {});
  }
  void MakeVenv(const std::shared_ptr<BuildJob>& job);
  void Sync(const std::shared_ptr<BuildJob>& job);
  void Publish(const std::shared_ptr<BuildJob>& job);
  void Fail(const std::shared_ptr<BuildJob>& job, Error error);

  WorkerPool& pool_;
  Clock& clock_;
  Random& random_;
  const UvOptions options_;
  std::shared_ptr<Interpreters> interpreters_;
  UvRunner runner_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void UvInstaller::Fetch(const EnvironmentSpec& spec, const Progress& progress, PythonChoice without,
                        Done<PythonChoice> done) {
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
                              std::function<void(Status)> written) {
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
}  // namespace

std::vector<std::string> PackagesOf(std::string_view lock) {
  std::vector<std::string> out;
  for (const std::string& line : Split(lock, '\n')) {
    std::string_view text = Trim(line);
    if (text.empty() || text[0] == '#') continue;
    // "name=version=build URL" of a conda package, without its URL.
    size_t equals = text.find_first_of("=<>!~@[ ;");
    bool conda =
        equals != std::string_view::npos && text[equals] == '=' && text.substr(equals, 2) != "==";
    out.emplace_back(conda ? text.substr(0, text.find(' ')) : text);
  }
  return out;
}

std::unique_ptr<Installer> MakeUvInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                           Random& random, UvOptions options) {
  return std::make_unique<UvInstaller>(loop, pool, clock, random, std::move(options));
}

}  // namespace rw::env
