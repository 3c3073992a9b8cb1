// The folders of builds: made aside, published by a rename.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "os/file_lock.h"

namespace rw::env {

/// Blocking; from a worker thread.
/// Moves `made` to `published`; it gets durable later (env/unsynced.h). Its programs and its
/// site-packages lose their write permission, so that a script cannot install into what others
/// share (files inside may be hard links into uv's cache: their permissions are not ours to
/// change). What was there before (a build whose interpreter went away) is replaced. Returns its
/// size in bytes.
Result<uint64_t> PublishBuild(const std::string& made, const std::string& published);

/// Where a build is made: a name for it in `builds_folder`, not taken yet.
std::string NewPart(const std::string& builds_folder, Random& random);
/// Makes the folder. While the lock is held, its maker lives; it goes with its folder.
Result<os::FileLock> HoldPart(const std::string& part);

/// What killed servers were making: parts whose lock is free. A part without a lock is one where
/// no other server makes builds in the folder (`alone`).
std::vector<std::string> Leftovers(const std::string& builds_folder, bool alone);
/// Errors are left for the next start.
void RemoveLeftovers(const std::vector<std::string>& folders);

/// A build, or a folder with one as `environment`, also where PublishBuild took write permissions
/// away.
Status RemoveBuild(const std::string& path);

}  // namespace rw::env
