// Which file system a folder is on.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::os {

/// The type of a network file system ("nfs", "cifs", "fuse.sshfs", …), "" of a local one. `magic`
/// is statfs's f_type, `mount_type` the type in /proc/self/mountinfo: of FUSE only that tells.
std::string NetworkFileSystem(int64_t magic, std::string_view mount_type);

/// Of the file system that holds `path`, which must exist.
Result<std::string> NetworkFileSystemOf(const std::string& path);

}  // namespace rw::os
