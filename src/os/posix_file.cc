#include "os/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

namespace rw::os {
namespace {

/// On a full disk also what the write needs and what there is.
Error WriteError(int err, std::string_view verb, const std::string& path, int fd, size_t needed) {
  std::string what = std::string(verb) + " " + path;
  if (err != ENOSPC && err != EDQUOT) return ErrnoError(err, what);
  struct statvfs info {};
  what += " (" + std::to_string(needed) + " bytes needed";
  if (err == ENOSPC && fstatvfs(fd, &info) == 0)
    what += ", " + std::to_string(info.f_bavail * info.f_frsize) + " free";
  return ErrnoError(err, what + ")");
}

}  // namespace

PosixFile::~PosixFile() { close(fd_); }

Result<size_t> PosixFile::ReadAt(uint64_t offset, std::span<char> out) {
  size_t done = 0;
  while (done < out.size()) {
    ssize_t n = pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "read " + path_);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

Status PosixFile::WriteAt(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return WriteError(errno, "write", path_, fd_, bytes.size());
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Ok();
}

Status PosixFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return WriteError(errno, "append to", path_, fd_, bytes.size());
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Ok();
}

Status PosixFile::Sync() {
  if (fdatasync(fd_) != 0) return ErrnoError(errno, "fdatasync " + path_);
  return Ok();
}

Status PosixFile::Truncate(uint64_t size) {
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return ErrnoError(errno, "truncate " + path_);
  return Ok();
}

Result<uint64_t> PosixFile::Size() {
  struct stat st {};
  if (fstat(fd_, &st) != 0) return ErrnoError(errno, "stat " + path_);
  return static_cast<uint64_t>(st.st_size);
}

}  // namespace rw::os
