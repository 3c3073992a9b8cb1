// A lock file: held by one process, let go of by its death.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace rw::os {

/// flock on a file that stays. Not inherited by child programs.
class FileLock {
 public:
  /// kConflict where another holds it, its text in the message.
  static Result<FileLock> Try(const std::string& path);
  /// Like Try, and waits for a holder that is just dying: of a killed process the threads that are
  /// in a system call keep its files open for a while, after it has become a zombie.
  static Result<FileLock> TryPatiently(const std::string& path);
  /// Waits.
  static Result<FileLock> Wait(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock();
  /// What those who find it held are told: the pid.
  Status SetText(const std::string& text);

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  static Result<FileLock> Acquire(const std::string& path, int flags);
  int fd_;
};

/// flock on a folder, which others may hold shared.
class FolderLock {
 public:
  /// For itself alone. kConflict where another holds it, shared or not.
  static Result<FolderLock> Try(const std::string& path);
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace rw::os
