// Several file systems as one: what lies below a mount point is another's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/file_system.h"

namespace rw::os::testing {

/// Paths below "/home" go to mounts["/home"] under the same path; all others to `root`. A rename
/// from one to another is kUnsupported. All outlive it.
std::unique_ptr<FileSystem> MakeMountedFileSystem(FileSystem& root,
                                                  std::map<std::string, FileSystem*> mounts);

}  // namespace rw::os::testing
