// All makers as one installer: each environment goes to the one of its kind.
#pragma once

#include <memory>

#include "env/installer.h"

namespace rw::env {

/// Builds of all kinds lie in one folder; each maker knows its own by what lies there.
struct InstallerParts {
  std::unique_ptr<Installer> uv;             // kind pip, and interpreters of the machine
  std::unique_ptr<EnvironmentMaker> conda;   // kind conda; may be null. It uses `uv`
  std::unique_ptr<EnvironmentMaker> images;  // whatever is made on a container image; may be null
};

std::unique_ptr<Installer> MakeInstallers(InstallerParts parts);

}  // namespace rw::env
