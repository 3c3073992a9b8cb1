#include <algorithm>
#include <set>

#include "base/strings.h"
#include "env/conda_work.h"
#include "os/paths.h"

namespace rw::env {
namespace {
json::Value Texts(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}
}  // namespace

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
                  const Error& error = answer.error();
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

}  // namespace rw::env
