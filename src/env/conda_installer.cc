#include "env/conda_installer.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "env/build_folder.h"
#include "env/conda_lock.h"
#include "env/conda_names.h"
#include "env/conda_pip.h"
#include "os/file_system.h"
#include "os/namespaces.h"
#include "os/paths.h"

namespace rw::env {
namespace {

constexpr const char* kMappedHead = "# conda packages are those of the pip index\n";
/// In place of an interpreter's path: the environment's own, from a channel.
constexpr const char* kCondaPython = "conda";

json::Value Texts(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

json::Value CredentialsJson(const std::vector<Credential>& credentials) {
  json::Array out;
  for (const Credential& one : credentials)
    out.push_back(json::Value().Set("url", one.url).Set("text", one.text));
  return out;
}

/// What is known of the channels of a spec.
struct Reach {
  std::vector<std::string> reached;  // URLs
  std::vector<std::string> missed;   // "URL (why)"
  std::string why;                   // "": conda can be used; else what is in the way
  CondaTool tool;
  int64_t at_us = 0;
};

/// What Choose decided, for Resolve.
struct Decision {
  Reach reach;
  Effective mapped;  // where conda is not used
};

class CondaInstaller final : public EnvironmentMaker {
 public:
  CondaInstaller(Loop& loop, WorkerPool& pool, Clock& clock, Random& random, Installer& uv,
                 const CondaOptions& options)
      : pool_(pool),
        clock_(clock),
        random_(random),
        uv_(uv),
        options_(options),
        driver_(loop, pool, random, uv, options),
        pip_(loop, options) {}

  void Choose(const EnvironmentSpec& spec, Progress progress, Done<PythonChoice> done) override;
  bool IsThere(const EnvironmentSpec& spec, const Interpreter& python) override {
    return python.path == kCondaPython || uv_.IsThere(Mapped(spec), python);
  }
  void Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) override;
  void Build(BuildRequest request, Progress progress, Done<BuildFacts> done) override;
  /// Those with conda packages; the others are uv's.
  bool IsPublished(const std::string& build_id) override {
    return uv_.IsPublished(build_id) &&
           os::Exists(os::PosixFileSystem(), uv_.BuildFolder(build_id) + "/conda-meta");
  }
  BuildUse UseOf(const std::string& build_id) const override {
    BuildUse use = uv_.UseOf(build_id);
    if (!use.protect.is_object()) return use;
    json::Value caches = use.protect["cache"];
    caches.Append(options_.folder + "/conda-cache");
    use.protect.Set("cache", std::move(caches));
    return use;
  }
  void Retiring(const std::string& build_id) override { (void)build_id; }

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  void Decide(const EnvironmentSpec& spec, const std::vector<Credential>& credentials,
              const Progress& progress, std::function<void(const Reach&)> done);
  void Answered(const std::string& key, const Result<json::Value>& answer, const Progress& progress,
                const std::function<void(const Reach&)>& done);
  void Map(const EnvironmentSpec& spec, const std::string& why, Done<Effective> done);
  void ResolveMapped(const ResolveRequest& request, const Progress& progress,
                     const Effective& mapped, const Done<Resolved>& done);
  void Solve(const JobPtr& job);
  void ResolvePip(const JobPtr& job);
  void Locked(const JobPtr& job, const Resolved& pip);
  void MakePrefix(const JobPtr& job, std::function<void()> then);
  void InstallPip(const JobPtr& job);
  void Rehome(const JobPtr& job);
  void Publish(const JobPtr& job);
  void Fail(const JobPtr& job, const Error& error);

  /// The names as the file has them at this moment; none where it cannot be read.
  CondaNames Names() const {
    auto text = os::ReadFile(os::PosixFileSystem(), options_.names_file, 4 << 20);
    auto names = text ? CondaNames::Parse(*text) : Result<CondaNames>(text.error());
    return names ? *std::move(names) : CondaNames();
  }
  EnvironmentSpec Mapped(const EnvironmentSpec& spec) const {
    EnvironmentSpec lenient = spec;
    lenient.resolver = EnvironmentSpec::Resolver::kNearest;
    return MapCondaPackages(lenient, Names(), "")->spec;
  }
  void RemoveLater(const std::string& folder) {
    pool_.Run(
        "conda.remove", [folder] { (void)RemoveBuild(folder); }, [] {});
  }
  std::function<bool()> Gone() const {
    return [alive = std::weak_ptr<bool>(alive_)] { return alive.expired(); };
  }

  WorkerPool& pool_;
  Clock& clock_;
  Random& random_;
  Installer& uv_;
  const CondaOptions options_;
  CondaDriver driver_;
  CondaPip pip_;
  std::map<std::string, Reach> reach_;       // by the spec's channels
  std::map<std::string, Decision> decided_;  // by env_id, the last one
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// One environment on its way through a real conda solver.
struct CondaInstaller::Job {
  EnvironmentSpec spec;
  std::vector<Credential> credentials;
  Interpreter interpreter;
  Progress progress;
  Reach reach;
  CondaLock lock;
  std::vector<std::string> warnings;
  std::string folder;                  // holds the environment while it is made; "" before
  std::shared_ptr<os::FileLock> part;  // says that its maker lives
  std::string final_folder;
  std::string build_id;
  int64_t started_us = 0;
  std::function<void(const Error&)> fail;
  Done<Resolved> resolved;
  Done<BuildFacts> built;
  std::string made() const { return folder + "/environment"; }
};

void CondaInstaller::Decide(const EnvironmentSpec& spec, const std::vector<Credential>& credentials,
                            const Progress& progress, std::function<void(const Reach&)> done) {
  std::vector<std::string> channels = spec.channels;
  if (channels.empty()) channels = {"conda-forge"};
  std::string key = Join(channels, "\n");
  auto known = reach_.find(key);
  if (known != reach_.end() &&
      clock_.BootMicros() - known->second.at_us < options_.remember_ms * 1000)
    return done(known->second);
  if (std::string lack = driver_.Lack(); !lack.empty()) {
    Reach none;
    none.why = lack;
    return done(none);
  }
  progress.Step("asking conda channels");
  json::Value job;
  job.Set("channels", Texts(channels)).Set("credentials", CredentialsJson(credentials));
  job.Set("timeout", static_cast<double>(options_.reach_ms) / 1000);
  driver_.Plain([=, this, gone = Gone()](const Result<CondaTool>& tool) {
    if (gone()) return;
    if (!tool) return Answered(key, tool.error(), progress, done);
    driver_.Run(*tool, "check", job, {}, [=, this](const Result<json::Value>& answer) {
      Answered(key, answer, progress, done);
    });
  });
}

void CondaInstaller::Answered(const std::string& key, const Result<json::Value>& answer,
                              const Progress& progress,
                              const std::function<void(const Reach&)>& done) {
  Reach reach;
  reach.at_us = clock_.BootMicros();
  if (!answer) {
    reach.why =
        "whether its channels are there could not be found out: " + answer.error().message();
  } else {
    for (const json::Value& one : (*answer)["channels"].as_array()) {
      std::string url = one.StringOr("url");
      if (one.BoolOr("reached", false))
        reach.reached.push_back(url);
      else
        reach.missed.push_back(url + " (" + one.StringOr("why") + ")");
    }
    if (reach.reached.empty())
      reach.why = "no conda channel can be reached: " + Join(reach.missed, ", ");
  }
  if (!reach.why.empty()) {
    reach_[key] = reach;
    return done(reach);
  }
  driver_.Tool(progress, [=, this, gone = Gone()](const Result<CondaTool>& tool) mutable {
    if (gone()) return;
    if (tool)
      reach.tool = *tool;
    else
      reach.why = "no conda solver can be had: " + tool.error().message();
    reach_[key] = reach;
    done(reach);
  });
}

/// As packages of the pip index, to which profiles have a word too.
void CondaInstaller::Map(const EnvironmentSpec& spec, const std::string& why,
                         Done<Effective> done) {
  auto mapped = MapCondaPackages(spec, Names(), why);
  if (!mapped) return done(mapped.error());
  Effective out{std::move(mapped->spec), {}, {}};
  if (!spec.conda_packages.empty()) out.warnings = std::move(mapped->warnings);
  if (!options_.profiles) return done(std::move(out));
  // The framework's own packages are among the requirements by now.
  out.spec.framework.name.clear();
  out.spec.recipe.replace.clear();
  auto realise = [out, done, profiles = options_.profiles](const Result<NodeFacts>& facts) {
    if (!facts) return done(facts.error());
    auto effective = Realise(out.spec, *profiles, *facts);
    if (!effective) return done(effective.error());
    effective->warnings.insert(effective->warnings.begin(), out.warnings.begin(),
                               out.warnings.end());
    done(*std::move(effective));
  };
  uv_.Facts(WantedFacts(out.spec, *options_.profiles), realise);
}

void CondaInstaller::Choose(const EnvironmentSpec& spec, Progress progress,
                            Done<PythonChoice> done) {
  auto decided = [=, this](const Reach& reach) {
    if (reach.why.empty()) {
      decided_[EnvId(spec)] = {reach, {}};
      return uv_.Choose(Mapped(spec), progress, [done](Result<PythonChoice> choice) {
        // The channel may have the Python that this machine lacks.
        if (choice) choice->warning.clear();
        done(std::move(choice));
      });
    }
    Map(spec, reach.why, [=, this](const Result<Effective>& mapped) {
      if (!mapped) return done(mapped.error());
      decided_[EnvId(spec)] = {reach, *mapped};
      uv_.Choose(mapped->spec, progress, done);
    });
  };
  Reach none;
  // Without conda packages nothing is asked of a channel but perhaps a Python.
  if (spec.conda_packages.empty() && spec.python.empty()) none.why = "nothing is asked of conda";
  if (!spec.recipe.base.empty())
    none.why = "it is made on " + spec.recipe.base + ", which has what its framework needs";
  if (!none.why.empty()) return decided(none);
  Decide(spec, {}, progress, decided);
}

void CondaInstaller::Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) {
  auto shared = std::make_shared<ResolveRequest>(std::move(request));
  auto go = [=, this](const Decision& decision) {
    const Reach& reach = decision.reach;
    if (!reach.why.empty()) return ResolveMapped(*shared, progress, decision.mapped, done);
    auto job = std::make_shared<Job>();
    job->spec = shared->spec;
    job->credentials = shared->credentials;
    job->interpreter = shared->interpreter;
    job->progress = progress;
    job->reach = reach;
    job->resolved = done;
    job->fail = [done](const Error& error) { done(error); };
    for (const std::string& missed : reach.missed)
      job->warnings.push_back("conda channel " + missed +
                              " was not reached; the others were searched");
    Solve(job);
  };
  auto decided = decided_.find(EnvId(shared->spec));
  if (decided == decided_.end())
    return done(Error(Code::kInternal, "an environment was resolved before its Python was chosen"));
  go(decided->second);
}

void CondaInstaller::ResolveMapped(const ResolveRequest& request, const Progress& progress,
                                   const Effective& mapped, const Done<Resolved>& done) {
  std::string head = request.spec.conda_packages.empty() ? "" : kMappedHead;
  auto finish = [mapped, head, done](Result<Resolved> resolved) {
    if (!resolved) return done(std::move(resolved));
    resolved->lock = head + resolved->lock;
    resolved->warnings.insert(resolved->warnings.begin(), mapped.warnings.begin(),
                              mapped.warnings.end());
    resolved->shims = mapped.shims;
    done(std::move(resolved));
  };
  if (mapped.spec.requirements.empty() && !mapped.spec.recipe.site_packages)
    return finish(Resolved{});
  uv_.Resolve({mapped.spec, request.interpreter, request.credentials}, progress, finish);
}

void CondaInstaller::Solve(const JobPtr& job) {
  std::vector<std::string> specs = job->spec.conda_packages;
  if (!job->spec.python.empty()) specs.push_back("python=" + job->spec.python);
  if (specs.empty()) return ResolvePip(job);
  job->progress.Log("Solving " + std::to_string(specs.size()) + " conda packages from " +
                    Join(job->reach.reached, ", ") + "\n");
  job->progress.Step("solving " + std::to_string(specs.size()) + " conda packages");
  json::Value ask;
  ask.Set("channels", Texts(job->reach.reached)).Set("specs", Texts(specs));
  ask.Set("credentials", CredentialsJson(job->credentials));
  driver_.Run(job->reach.tool, "solve", std::move(ask), job->progress,
              [this, job](const Result<json::Value>& answer) {
                if (!answer) {
                  Error error = answer.error();
                  std::string missed = Join(job->reach.missed, ", ");
                  return Fail(job, Error(error.code(),
                                         "cannot solve the conda packages: " + error.message() +
                                             (missed.empty() ? "" : "\nnot reached: " + missed),
                                         "conda_packages"));
                }
                for (const json::Value& one : (*answer)["packages"].as_array())
                  job->lock.conda.push_back({one.StringOr("name"), one.StringOr("version"),
                                             one.StringOr("build"), one.StringOr("url"),
                                             one.StringOr("hash"), one.BoolOr("of_python", false)});
                ResolvePip(job);
              });
}

/// Against what conda gives: its Python, its versions of what both have.
void CondaInstaller::ResolvePip(const JobPtr& job) {
  const CondaPackage* python = job->lock.Find("python");
  if (python != nullptr)
    job->interpreter = {kCondaPython, "cpython", python->version, kCondaPython, ""};
  if (job->spec.requirements.empty()) return Locked(job, {});
  EnvironmentSpec spec = job->spec;
  spec.kind = EnvironmentSpec::Kind::kPip;
  spec.conda_packages.clear();
  spec.channels.clear();
  CondaNames names = Names();
  for (const CondaPackage& package : job->lock.conda)
    if (package.of_python && IsPipVersion(package.version))
      spec.constraints.push_back(names.PipName(package.name) + "==" + package.version);
  std::sort(spec.constraints.begin(), spec.constraints.end());
  auto resolve = [this, job, spec](const Interpreter& interpreter) {
    uv_.Resolve({spec, interpreter, job->credentials}, job->progress,
                [this, job](const Result<Resolved>& pip) {
                  if (!pip) return Fail(job, pip.error());
                  Locked(job, *pip);
                });
  };
  if (python == nullptr) return resolve(job->interpreter);
  job->folder = NewPart(os::DirName(uv_.BuildFolder("id")), random_);
  job->final_folder = job->made();
  MakePrefix(job, [job, resolve] {
    Interpreter interpreter = job->interpreter;
    interpreter.path = interpreter.base_path = job->made() + "/bin/python";
    interpreter.prefix = job->made();
    resolve(interpreter);
  });
}

void CondaInstaller::Locked(const JobPtr& job, const Resolved& pip) {
  std::set<std::string> by_conda;
  CondaNames names = Names();
  for (const CondaPackage& package : job->lock.conda)
    if (package.of_python) by_conda.insert(names.PipName(package.name));
  job->lock.pip = WithoutPackages(pip.lock, by_conda);
  job->warnings.insert(job->warnings.end(), pip.warnings.begin(), pip.warnings.end());
  Resolved out{WriteCondaLock(job->lock), job->warnings, {}, {}};
  if (job->interpreter.path == kCondaPython) out.python = job->interpreter;
  if (!job->folder.empty()) RemoveLater(job->folder);
  job->resolved(std::move(out));
}

void CondaInstaller::Build(BuildRequest request, Progress progress, Done<BuildFacts> done) {
  auto lock = ReadCondaLock(request.lock);
  if (!lock) {
    request.spec = Mapped(request.spec);
    return uv_.Build(std::move(request), std::move(progress), std::move(done));
  }
  auto job = std::make_shared<Job>();
  job->spec = std::move(request.spec);
  job->credentials = std::move(request.credentials);
  job->interpreter = std::move(request.interpreter);
  job->progress = std::move(progress);
  job->lock = *std::move(lock);
  job->build_id = request.build_id;
  job->folder = NewPart(os::DirName(uv_.BuildFolder("id")), random_);
  job->final_folder = uv_.BuildFolder(request.build_id);
  job->started_us = clock_.BootMicros();
  job->built = done;
  job->fail = [done](const Error& error) { done(error); };
  driver_.Tool(job->progress, [this, job, gone = Gone()](const Result<CondaTool>& tool) {
    if (gone()) return;
    if (!tool) return Fail(job, tool.error());
    job->reach.tool = *tool;
    MakePrefix(job, [this, job] { InstallPip(job); });
  });
}

/// The conda packages in their folder, on a Python of theirs or of the machine.
void CondaInstaller::MakePrefix(const JobPtr& job, std::function<void()> then) {
  auto install = [this, job, then = std::move(then)] {
    if (job->lock.conda.empty()) return then();
    json::Array packages;
    for (const CondaPackage& one : job->lock.conda) {
      json::Value package;
      package.Set("name", one.name).Set("version", one.version).Set("build", one.build);
      packages.push_back(package.Set("url", one.url).Set("hash", one.hash));
    }
    std::string count = std::to_string(packages.size()) + " conda packages";
    job->progress.Log("Installing " + count + "\n");
    job->progress.Step("installing " + count);
    json::Value ask;
    ask.Set("packages", std::move(packages)).Set("prefix", job->made());
    // Where runs cannot be kept from writing into a build, what they write stays in that build.
    ask.Set("final_prefix", job->final_folder).Set("copy", !os::MountNamespacesWork());
    ask.Set("credentials", CredentialsJson(job->credentials));
    driver_.Run(job->reach.tool, "install", std::move(ask), job->progress,
                [this, job, then](const Result<json::Value>& answer) {
                  if (!answer)
                    return Fail(job,
                                Error(answer.error().code(), "cannot install the conda packages: " +
                                                                 answer.error().message()));
                  if (!os::Exists(os::PosixFileSystem(), job->made() + "/bin/python"))
                    return Fail(job, Error(Code::kFailedPrecondition,
                                           "the channel's package python has no bin/python"));
                  then();
                });
  };
  auto part = HoldPart(job->folder);
  if (!part) return Fail(job, part.error());
  job->part = std::make_shared<os::FileLock>(*std::move(part));
  if (job->lock.Find("python") != nullptr) return install();
  pip_.MakeVenv(job->interpreter, job->made(), job->progress,
                [this, job, install](const Status& venv) {
                  if (!venv) return Fail(job, venv.error());
                  install();
                });
}

void CondaInstaller::InstallPip(const JobPtr& job) {
  if (PackagesOf(job->lock.pip).empty()) return Publish(job);
  job->progress.Log("Installing " + std::to_string(PackagesOf(job->lock.pip).size()) +
                    " packages by pip\n");
  pip_.Install(job->spec, job->credentials, job->lock.pip, job->folder, job->made(), job->progress,
               [this, job](const Status& installed) {
                 if (!installed) return Fail(job, installed.error());
                 Rehome(job);
               });
}

void CondaInstaller::Rehome(const JobPtr& job) {
  json::Value ask;
  ask.Set("prefix", job->made()).Set("final_prefix", job->final_folder);
  driver_.Run(job->reach.tool, "rehome", std::move(ask), job->progress,
              [this, job](const Result<json::Value>& answer) {
                if (!answer) return Fail(job, answer.error());
                Publish(job);
              });
}

void CondaInstaller::Publish(const JobPtr& job) {
  auto bytes = std::make_shared<Result<uint64_t>>(uint64_t{0});
  pool_.Run(
      "conda.publish", [job, bytes] { *bytes = PublishBuild(job->made(), job->final_folder); },
      [this, job, bytes, gone = Gone()] {
        if (gone()) return;
        if (!*bytes) return Fail(job, bytes->error());
        RemoveLater(job->folder);
        job->progress.Log(
            "Published build " + job->build_id.substr(0, 12) + " (" + HumanBytes(**bytes) +
            ") in " + std::to_string((clock_.BootMicros() - job->started_us) / 1'000'000) + " s\n");
        job->built(BuildFacts{**bytes});
      });
}

void CondaInstaller::Fail(const JobPtr& job, const Error& error) {
  if (!job->folder.empty()) RemoveLater(job->folder);
  job->fail(error);
}

}  // namespace

std::unique_ptr<EnvironmentMaker> MakeCondaInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                                     Random& random, Installer& uv,
                                                     CondaOptions options) {
  return std::make_unique<CondaInstaller>(loop, pool, clock, random, uv, options);
}

}  // namespace rw::env
