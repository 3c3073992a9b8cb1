// One process's view of a file system: after its death nothing that its destructors do reaches the
// disk.
#pragma once

#include <memory>

#include "os/file_system.h"

namespace rw::os::testing {

/// Every operation fails with kInternal "process is dead" once *alive is false. `inner` outlives
/// it.
std::unique_ptr<FileSystem> MakeMortalFileSystem(FileSystem& inner, std::shared_ptr<bool> alive);

}  // namespace rw::os::testing
