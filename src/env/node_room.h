// Room for builds that a node fetches.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rw::env {

/// Blocking. Of the builds below `root` (not `keep`), goes what was not used for 30 days, and,
/// where the disk has no room for `bytes` in `files` files and a twentieth of itself, what was not
/// used for the longest time; never what was used within the hour, is being fetched, or has a run.
/// Interpreters go with the last build that needs them. kNoSpace where that is not enough.
Status MakeRoomForBuild(const std::string& root, const std::string& keep, uint64_t bytes,
                        uint64_t files);

}  // namespace rw::env
