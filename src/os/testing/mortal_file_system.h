// One process's view of a file system: after its death nothing that its destructors do reaches the
// disk.
#pragma once

#include <memory>

#include "os/file_system.h"

namespace rw::os::testing {

/// Every operation fails once *alive is false, with kNoSpace: the one failure that code goes on
/// after, so that the turn in which a simulated process died comes to its end. `inner` outlives it.
std::unique_ptr<FileSystem> MakeMortalFileSystem(FileSystem& inner, std::shared_ptr<bool> alive);

}  // namespace rw::os::testing
