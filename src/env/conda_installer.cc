#include "env/conda_installer.h"

#include "env/conda_work.h"

namespace rw::env {
namespace {
constexpr const char* kMappedHead = "# conda packages are those of the pip index\n";
}  // namespace

/// As packages of the pip index, to which profiles have a word too.
void CondaInstaller::Map(const EnvironmentSpec& spec, const std::string& why,
                         const Done<Effective>& done) {
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
  channels_.Ask(spec, progress, decided);
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
  auto finish = [mapped, head, progress, done](Result<Resolved> resolved) {
    if (!resolved) {
      for (const std::string& warning : mapped.warnings) progress.Substituted(warning);
      return done(std::move(resolved));
    }
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

std::unique_ptr<EnvironmentMaker> MakeCondaInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                                     Random& random, Installer& uv,
                                                     const CondaOptions& options) {
  return std::make_unique<CondaInstaller>(loop, pool, clock, random, uv, options);
}

}  // namespace rw::env
