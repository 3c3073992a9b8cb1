#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "os/file_system.h"
#include "os/open_file.h"
#include "os/paths.h"
#include "os/posix_file.h"

namespace rw::os {
namespace {

FileType TypeOf(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  return FileType::kOther;
}

int64_t Nanos(const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

int Flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kTruncate:
      return O_RDWR | O_CREAT | O_TRUNC;
    case OpenMode::kAppend:
      return O_RDWR | O_CREAT | O_APPEND;
  }
  return O_RDONLY;
}

FileInfo InfoOf(const struct stat& st) {
  return {TypeOf(st.st_mode),  static_cast<uint64_t>(st.st_size),
          st.st_mode & 07777u, Nanos(st.st_mtim),
          Nanos(st.st_ctim),   st.st_ino};
}

class Posix final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode,
                                     uint32_t permissions) override {
    int fd = OpenWithoutAccessTime(path.c_str(), Flags(mode) | O_NOCTTY, permissions);
    if (fd < 0) return ErrnoError(errno, "open " + path);
    return std::unique_ptr<File>(new PosixFile(fd, path));
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) return ErrnoError(errno, "rename to " + to);
    return Ok();
  }

  Status Remove(const std::string& path) override {
    if (remove(path.c_str()) != 0) return ErrnoError(errno, "remove " + path);
    return Ok();
  }

  Status RemoveTree(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return ErrnoError(error.value(), "remove " + path);
    return Ok();
  }

  Status MakeDirs(const std::string& path, uint32_t permissions) override {
    if (mkdir(path.c_str(), permissions) == 0) return Ok();
    if (errno == ENOENT) {
      TRY(MakeDirs(DirName(path), permissions));
      if (mkdir(path.c_str(), permissions) == 0) return Ok();
    }
    int err = errno;
    struct stat st {};
    if (err == EEXIST && stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return Ok();
    return ErrnoError(err, "mkdir " + path);
  }

  Status MakeSymlink(const std::string& target, const std::string& path) override {
    if (symlink(target.c_str(), path.c_str()) != 0) return ErrnoError(errno, "symlink " + path);
    return Ok();
  }

  Result<std::string> ReadLink(const std::string& path) override {
    std::string target(4096, '\0');
    ssize_t n = readlink(path.c_str(), target.data(), target.size());
    if (n < 0) return ErrnoError(errno, "readlink " + path);
    target.resize(static_cast<size_t>(n));
    return target;
  }

  Status SetMode(const std::string& path, uint32_t permissions) override {
    if (chmod(path.c_str(), permissions) != 0) return ErrnoError(errno, "chmod " + path);
    return Ok();
  }

  Result<std::vector<DirEntry>> List(const std::string& path) override {
    DIR* dir = opendir(path.c_str());
    if (dir == nullptr) return ErrnoError(errno, "list " + path);
    std::vector<DirEntry> out;
    while (dirent* entry = readdir(dir)) {
      std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      FileType type = FileType::kOther;
      if (entry->d_type == DT_UNKNOWN) {
        auto info = Stat(path + "/" + name);
        if (info) type = info->type;
      } else {
        type = TypeOf(DTTOIF(entry->d_type));
      }
      out.push_back({std::move(name), type});
    }
    closedir(dir);
    std::sort(out.begin(), out.end(),
              [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
    return out;
  }

  Result<std::vector<std::pair<std::string, FileInfo>>> ListWithInfo(
      const std::string& path) override {
    DIR* dir = opendir(path.c_str());
    if (dir == nullptr) return ErrnoError(errno, "list " + path);
    std::vector<std::pair<std::string, FileInfo>> out;
    while (dirent* entry = readdir(dir)) {
      std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      struct stat st {};
      if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        out.emplace_back(name, InfoOf(st));
    }
    closedir(dir);
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat st {};
    if (lstat(path.c_str(), &st) != 0) return ErrnoError(errno, "stat " + path);
    return InfoOf(st);
  }

  Status SyncDir(const std::string& path) override {
    int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ErrnoError(errno, "open " + path);
    int failed = fsync(fd);
    int err = errno;
    close(fd);
    if (failed != 0) return ErrnoError(err, "fsync " + path);
    return Ok();
  }

  Status SyncAll(const std::string& path) override {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoError(errno, "open " + path);
    int failed = syncfs(fd);
    int err = errno;
    close(fd);
    if (failed != 0) return ErrnoError(err, "syncfs " + path);
    return Ok();
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static Posix fs;
  return fs;
}

}  // namespace rw::os
