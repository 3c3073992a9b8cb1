#include "os/open_file.h"

#include <fcntl.h>

#include <cerrno>

namespace rw::os {

int OpenWithoutAccessTime(const char* path, int flags, mode_t permissions) {
  int fd = open(path, flags | O_CLOEXEC | O_NOATIME, permissions);
  // Only the owner may. The file may have been made by the failed call: O_EXCL cannot be repeated,
  // but then the file is ours and EPERM does not come.
  if (fd < 0 && errno == EPERM) fd = open(path, flags | O_CLOEXEC, permissions);
  return fd;
}

}  // namespace rw::os
