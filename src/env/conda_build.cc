#include "base/strings.h"
#include "env/conda_work.h"
#include "os/namespaces.h"
#include "os/paths.h"

namespace rw::env {

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

}  // namespace rw::env
