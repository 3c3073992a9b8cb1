// A file of the machine. The fd is public to modules that must hand it to the kernel (sendfile,
// spawn).
#pragma once

#include "os/file_system.h"

namespace rw::os {

class PosixFile final : public File {
 public:
  /// Owns fd.
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override;
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override;
  Status WriteAt(uint64_t offset, std::string_view bytes) override;
  Status Append(std::string_view bytes) override;
  Status Sync() override;
  Status Truncate(uint64_t size) override;
  Result<uint64_t> Size() override;
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace rw::os
