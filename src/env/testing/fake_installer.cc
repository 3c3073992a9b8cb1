#include "env/testing/fake_installer.h"

#include "base/strings.h"

namespace rw::env::testing {

void FakeInstaller::Later(Task task) {
  if (hold) {
    held_.push_back(std::move(task));
  } else {
    loop_.Post("fake_installer", std::move(task));
  }
}

void FakeInstaller::Release() {
  hold = false;
  std::vector<Task> tasks;
  tasks.swap(held_);
  for (Task& task : tasks) loop_.Post("fake_installer", std::move(task));
}

const Error* FakeInstaller::FailureOf(const std::vector<std::string>& requirements) const {
  for (const std::string& requirement : requirements)
    if (auto found = failures.find(requirement); found != failures.end()) return &found->second;
  return nullptr;
}

Result<std::optional<Interpreter>> FakeInstaller::Known(const std::string& asked) {
  if (!known_at_once && !found_) return std::optional<Interpreter>();
  for (const Interpreter& python : pythons)
    if (asked == "python" || asked.empty() || asked == python.path)
      return std::optional<Interpreter>(python);
  return Error(Code::kNotFound, "interpreter_path \"" + asked + "\" is not there",
               "interpreter_path");
}

void FakeInstaller::Find(const std::string& asked, Done<Interpreter> done) {
  Later([this, done = std::move(done), asked] {
    found_ = true;
    if (!packages) packages = packages_found;
    auto known = Known(asked);
    done(known ? Result<Interpreter>(**known) : Result<Interpreter>(known.error()));
  });
}

void FakeInstaller::Choose(const EnvironmentSpec& spec, Progress progress,
                           Done<PythonChoice> done) {
  (void)progress;
  Later([done = std::move(done), choice = ChoosePython(spec.python, pythons)] { done(choice); });
}

bool FakeInstaller::IsThere(const EnvironmentSpec& spec, const Interpreter& python) {
  (void)spec;
  auto known = Known(python.path);
  return known && *known && (*known)->version == python.version;
}

void FakeInstaller::Resolve(ResolveRequest request, Progress progress, Done<Resolved> done) {
  resolves++;
  progress.Log("Resolved\n");
  const Error* failure = FailureOf(request.spec.requirements);
  if (failure != nullptr)
    for (const std::string& one : substitutions) progress.Substituted(one);
  std::string joined = Join(request.spec.requirements, "\n");
  auto told = answers.find(joined);
  std::string lock = told == answers.end() ? joined + "\n" : told->second;
  Result<Resolved> answer =
      failure ? Result<Resolved>(*failure) : Resolved{std::move(lock), substitutions};
  Later([done = std::move(done), answer] { done(answer); });
}

void FakeInstaller::Build(BuildRequest request, Progress progress, Done<BuildFacts> done) {
  builds++;
  progress.Log("Building\n");
  progress.Step("installing 2 packages");
  Later([this, done = std::move(done), progress = std::move(progress), id = request.build_id] {
    published.insert(id);
    progress.Log("Published\n");
    done(BuildFacts{1000});
  });
}

}  // namespace rw::env::testing
