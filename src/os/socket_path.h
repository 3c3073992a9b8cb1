// Unix sockets whose path is longer than the 107 bytes that sockaddr_un holds.
#pragma once

#include <string>

#include "base/result.h"

namespace rw::os {

/// A short name for the socket at `path`: the path itself where it fits, else
/// "/proc/self/fd/N/<base name>" over an O_PATH descriptor of its folder. Works for bind and
/// connect.
class SocketPath {
 public:
  static Result<SocketPath> For(const std::string& path);
  SocketPath(SocketPath&& other) noexcept;
  SocketPath& operator=(SocketPath&&) = delete;
  ~SocketPath();
  const std::string& text() const { return text_; }

 private:
  SocketPath(int fd, std::string text) : fd_(fd), text_(std::move(text)) {}
  int fd_;
  std::string text_;
};

}  // namespace rw::os
