// Builds that servers of one machine share: each is made by one of them, the others wait and use
// it.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "base/random.h"
#include "env/installer.h"

namespace rw::env {

/// `inner` with a lock a build: <folder>/locks/<build_id>, held while it is made and let go of by
/// the maker's death, so that what a killed server began another begins anew. Its log is beside it
/// (<build_id>.log), where those who wait read it. Byte code is made in the background. The lock
/// file's time is the build's last use.
std::unique_ptr<Installer> ShareBuilds(std::unique_ptr<Installer> inner, Loop& loop,
                                       WorkerPool& pool, Random& random, std::string folder);

/// <folder>/locks/<build_id>, given the build's own folder <folder>/builds/<build_id>.
std::string BuildLockPath(const std::string& build_folder);

/// The build's lock file gets the time of now.
void NoteBuildUse(const std::string& build_folder);

}  // namespace rw::env
