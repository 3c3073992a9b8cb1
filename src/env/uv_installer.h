// Environments by uv, in <folder>/builds.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "env/installer.h"
#include "env/variables.h"

namespace rw::env {

struct UvOptions {
  std::string folder;          // absolute, exists: the data folder's env/
  std::string program_folder;  // where uv is looked for before PATH
  std::string default_python = "python3";
  Variables variables;  // of the server
  bool shared = false;  // other servers make builds in the folder, too
  int64_t build_limit_ms =
      int64_t{30} * 60'000;       // of one command of uv, or RUNWRIGHT_BUILD_SECONDS
  int64_t retry_delay_ms = 1000;  // before the second try online; three times that before the third
};

/// What a killed server left half made is removed in the background.
std::unique_ptr<Installer> MakeUvInstaller(Loop& loop, WorkerPool& pool, Clock& clock,
                                           Random& random, UvOptions options);

}  // namespace rw::env
