#include "os/socket_path.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "os/paths.h"

namespace rw::os {

Result<SocketPath> SocketPath::For(const std::string& path) {
  if (path.size() < sizeof(sockaddr_un::sun_path)) return SocketPath(-1, path);
  int fd = open(DirName(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "open " + DirName(path));
  return SocketPath(fd, "/proc/self/fd/" + std::to_string(fd) + "/" + BaseName(path));
}

SocketPath::SocketPath(SocketPath&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), text_(std::move(other.text_)) {}

SocketPath::~SocketPath() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace rw::os
