// Environments with conda packages: by a conda solver where a channel can be reached, else from the
// pip index as far as it has them (conda_names.h).
#pragma once

#include <memory>

#include "env/conda_driver.h"

namespace rw::env {

/// `uv` makes everything that is no conda package, and outlives it.
std::unique_ptr<EnvironmentMaker> MakeCondaInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                                     Random& random, Installer& uv,
                                                     const CondaOptions& options);

}  // namespace rw::env
