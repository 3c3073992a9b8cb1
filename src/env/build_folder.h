// The folders of builds: made aside, published by a rename.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::env {

/// Blocking; from a worker thread.
/// Makes `made` durable and moves it to `published`. Its programs and its site-packages lose their
/// write permission, so that a script cannot install into what others share (files inside may be
/// hard links into uv's cache: their permissions are not ours to change). What was there before (a
/// build whose interpreter went away) is replaced. Returns its size in bytes.
Result<uint64_t> PublishBuild(const std::string& made, const std::string& published);

/// Folders in `builds_folder` whose names begin with `prefix`: what a killed server was making.
std::vector<std::string> Leftovers(const std::string& builds_folder, std::string_view prefix);
/// Errors are left for the next start.
void RemoveLeftovers(const std::vector<std::string>& folders);

/// A build, or a folder with one as `environment`, also where PublishBuild took write permissions
/// away.
Status RemoveBuild(const std::string& path);

}  // namespace rw::env
