// A file system whose failed syncs end the process.
#pragma once

#include <memory>

#include "os/file_system.h"

namespace rw::server {

/// After a failed fsync the kernel may have dropped the pages: a second one succeeds without the
/// bytes being on the disk, and the server would acknowledge what is lost. So the process ends, and
/// the next one starts from what is there. kNoSpace is passed on: the caller discards the write.
/// `base` outlives it.
std::unique_ptr<os::FileSystem> MakeFatalSyncFileSystem(os::FileSystem& base);

}  // namespace rw::server
