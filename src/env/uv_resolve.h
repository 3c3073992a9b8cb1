// Resolves requirements with uv: as written where that can be had, else with the nearest versions
// that can.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "env/installer.h"
#include "env/uv_runner.h"

namespace rw::env {

struct UvResolveJob {
  ResolveRequest request;
  Variables variables;   // for uv
  std::string folder;    // exists, empty
  int64_t limit_ms = 0;  // of each command
  bool no_index = false;
};

/// Writes files (by name) into the job's folder, off the loop.
using WriteFiles =
    std::function<void(std::map<std::string, std::string> files, std::function<void(Status)> done)>;

/// Nothing is installed where runs would see it; what has no wheel is built once on trial, which
/// leaves it in uv's cache. With resolver exact the error tells what nearest would have taken.
void ResolveByUv(UvRunner& runner, WriteFiles write, UvResolveJob job, Progress progress,
                 Installer::Done<Resolved> done);

}  // namespace rw::env
