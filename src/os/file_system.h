// Files, passed in from main: the machine's, or testing::MemoryFileSystem, which can lose unsynced
// writes, tear them and run full. Code that reads and writes through this runs in the simulator.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace rw::os {

enum class FileType { kRegular, kDirectory, kSymlink, kOther };

struct FileInfo {
  FileType type = FileType::kRegular;
  uint64_t size = 0;
  uint32_t mode = 0;  // permission bits
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
};

struct DirEntry {
  std::string name;
  FileType type;
};

/// How Open treats the file. All opens are close-on-exec.
enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // made when absent, kept when present
  kCreateNew,  // kConflict when present
  kTruncate,   // made or emptied
  kAppend,     // every Append is one write() with O_APPEND; made when absent
};

/// An open file. Not thread-safe, except that ReadAt may run in several threads.
class File {
 public:
  virtual ~File() = default;
  /// Bytes read; fewer than asked only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> out) = 0;
  /// All or an error. On kNoSpace a part may be there; callers overwrite or truncate.
  virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  virtual Status Append(std::string_view bytes) = 0;
  /// fdatasync. Any failure but kNoSpace means that the page cache no longer can be trusted: the
  /// caller must not try again (design, section 5: an fsync error ends the process).
  virtual Status Sync() = 0;
  virtual Status Truncate(uint64_t size) = 0;
  virtual Result<uint64_t> Size() = 0;
};

/// Paths are absolute. Errors carry the path. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode,
                                             uint32_t permissions = 0644) = 0;
  /// Replaces `to`. Durable after SyncDir of the parent.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  /// kNotFound when absent.
  virtual Status Remove(const std::string& path) = 0;
  /// Everything below and the folder itself; absent is fine.
  virtual Status RemoveTree(const std::string& path) = 0;
  /// With parents; present is fine.
  virtual Status MakeDirs(const std::string& path, uint32_t permissions = 0755) = 0;
  virtual Status MakeSymlink(const std::string& target, const std::string& path) = 0;
  virtual Result<std::string> ReadLink(const std::string& path) = 0;
  virtual Status SetMode(const std::string& path, uint32_t permissions) = 0;
  /// Sorted by name.
  virtual Result<std::vector<DirEntry>> List(const std::string& path) = 0;
  /// List and Stat in one. What goes away meanwhile is left out.
  virtual Result<std::vector<std::pair<std::string, FileInfo>>> ListWithInfo(
      const std::string& path);
  /// Of the link itself where the last component is one.
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  virtual Status SyncDir(const std::string& path) = 0;
  /// Everything written so far to the file system that holds `path`: one call for many small files.
  virtual Status SyncAll(const std::string& path) = 0;
};

/// The machine's. Stateless; lives as long as the program.
FileSystem& PosixFileSystem();

/// Whole file; kTooLarge above `most`.
Result<std::string> ReadFile(FileSystem& fs, const std::string& path,
                             uint64_t most = uint64_t{64} << 20);
/// Temporary file beside it, fsync, rename, fsync of the folder: after a crash the old or the new
/// bytes are there, never a mixture.
Status WriteFileAtomically(FileSystem& fs, const std::string& path, std::string_view bytes,
                           uint32_t permissions = 0644);
bool Exists(FileSystem& fs, const std::string& path);

}  // namespace rw::os
