#include "os/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/strings.h"
#include "os/file_system.h"
#include "os/poll_until.h"
#include "os/process.h"

namespace rw::os {
namespace {
constexpr std::chrono::milliseconds kForTheLiving{
    1000};                                              // killed a moment ago, it still looks alive
constexpr std::chrono::milliseconds kForTheDead{9000};  // more
constexpr std::chrono::milliseconds kLookAgain{5};

bool HolderLives(const std::string& path) {
  auto text = ReadFile(PosixFileSystem(), path, 64);
  auto pid = text ? ParseInt(Trim(*text)) : std::nullopt;
  return !pid || IdentityOf(static_cast<int>(*pid)).has_value();
}
}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

Result<FileLock> FileLock::Acquire(const std::string& path, int flags) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  FileLock lock(fd);
  while (flock(fd, flags) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return ErrnoError(errno, "lock " + path);
    char text[64] = {};
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return Error(Code::kConflict,
                 path + " is held by process " + std::string(n > 0 ? Trim(text) : "(unknown)"));
  }
  return lock;
}

Result<FileLock> FileLock::Try(const std::string& path) { return Acquire(path, LOCK_EX | LOCK_NB); }

Result<FileLock> FileLock::TryPatiently(const std::string& path) {
  auto lock = Try(path);
  auto settled = [&] { return lock || lock.error().code() != Code::kConflict; };
  auto again = [&] {
    lock = Try(path);
    return settled();
  };
  if (!settled() && !os::PollUntil(again, kLookAgain, kForTheLiving) && !HolderLives(path))
    os::PollUntil(again, kLookAgain, kForTheDead);
  return lock;
}

Result<FileLock> FileLock::Wait(const std::string& path) { return Acquire(path, LOCK_EX); }

Status FileLock::SetText(const std::string& text) {
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, text.data(), text.size(), 0) < 0)
    return ErrnoError(errno, "write lock file");
  return Ok();
}

Result<FolderLock> FolderLock::Try(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  FolderLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return Error(Code::kConflict, path + " is in use");
  return ErrnoError(errno, "lock " + path);
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace rw::os
