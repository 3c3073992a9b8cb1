// open() for files that are read while they are written.
#pragma once

#include <sys/types.h>

namespace rw::os {

/// open() with O_CLOEXEC and, for the file's owner, O_NOATIME: the first read after a write would
/// change the access time, which waits for the file system's journal, for as long as that is full
/// with other programs' work. -1 and errno as open().
int OpenWithoutAccessTime(const char* path, int flags, mode_t permissions);

}  // namespace rw::os
