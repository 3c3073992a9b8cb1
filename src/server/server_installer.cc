#include "server/server_installer.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "env/conda_installer.h"
#include "env/image_installer.h"
#include "env/installers.h"
#include "env/shared_builds.h"
#include "env/uv_installer.h"
#include "os/paths.h"

namespace rw::server {
namespace {

env::Variables OwnVariables() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; entry++) entries.emplace_back(*entry);
  return env::ParseVariables(entries);
}

}  // namespace

std::unique_ptr<env::Installer> MakeServerInstaller(Loop& loop, WorkerPool& pool,
                                                    const CoreOptions& options, const Paths& paths,
                                                    const std::string& container_engine,
                                                    bool shared) {
  env::InstallerParts parts;
  parts.uv = env::MakeUvInstaller(loop, pool, SystemClock(), SystemRandom(),
                                  {.folder = paths.env,
                                   .program_folder = os::DirName(options.program),
                                   .default_python = options.default_python,
                                   .variables = OwnVariables(),
                                   .shared = shared});
  parts.conda = env::MakeCondaInstaller(
      loop, pool, SystemClock(), SystemRandom(), *parts.uv,
      {.folder = paths.env,
       .program_folder = os::DirName(options.program),
       .driver = options.sdk_path + "/runwright/conda_solver.py",
       .names_file = os::DirName(options.sdk_path) + "/profiles/conda-pip-names.json",
       .variables = OwnVariables(),
       .profiles = options.profiles});
  parts.images = env::MakeImageInstaller(
      loop, pool, SystemClock(), SystemRandom(), env::MakeCommandRunner(loop),
      {.folder = paths.env,
       .program_folder = os::DirName(options.program),
       .engine = container_engine,
       .blobs = paths.blobs,
       .conda_names = os::DirName(options.sdk_path) + "/profiles/conda-pip-names.json",
       .variables = OwnVariables()});
  return env::ShareBuilds(env::MakeInstallers(std::move(parts)), loop, pool, SystemRandom(),
                          paths.env);
}

}  // namespace rw::server
