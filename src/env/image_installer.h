// Environments on container images by podman or docker: an image as it is, one made from a
// Dockerfile, and packages on top of either.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "env/command_runner.h"
#include "env/installer.h"
#include "env/variables.h"

namespace rw::env {

struct ImageOptions {
  std::string folder;          // absolute, exists: the folder that has builds/ in it
  std::string program_folder;  // where uv (before PATH) and runwright-guard are
  std::string engine;          // a path or a name; empty: podman, else docker, on PATH
  std::string blobs;           // folder of the store that has the files of build contexts
  std::string conda_names;     // file: what the pip index calls conda packages; empty: none known
  Variables variables;         // of the server
  int64_t retry_delay_ms = 1000;
};

/// A build is a record <folder>/builds/<build_id>/image.json that names an image in the engine's
/// store; the record is published by a rename once the image is whole. Packages lie in the image
/// "localhost/runwright/env:<build_id>".
std::unique_ptr<EnvironmentMaker> MakeImageInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                                     Random& random,
                                                     std::unique_ptr<CommandRunner> runner,
                                                     ImageOptions options);

}  // namespace rw::env
