// A file system in memory that forgets what was not synced. Owned by this module for every test and the
// simulator: Crash() keeps synced bytes and synced names, and of the rest a part chosen by the random
// source (a torn tail, a reordered page), as a real disk may.
#pragma once

#include <functional>
#include <map>

#include "base/random.h"
#include "os/file_system.h"

namespace rw::os::testing {

class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(Random* random = nullptr);
  ~MemoryFileSystem() override;

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode,
                                     uint32_t permissions = 0644) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeDirs(const std::string& path, uint32_t permissions = 0755) override;
  Status MakeSymlink(const std::string& target, const std::string& path) override;
  Result<std::string> ReadLink(const std::string& path) override;
  Status SetMode(const std::string& path, uint32_t permissions) override;
  Result<std::vector<DirEntry>> List(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Status SyncDir(const std::string& path) override;
  Status SyncAll(const std::string& path) override;

  /// Power loss: unsynced file bytes and unsynced names may be lost (each decided by the random source;
  /// without one, all are lost). Open files keep working on orphaned bytes; owners drop them.
  void Crash();
  /// Called before every operation with its name ("write /a"); an error is returned to the caller.
  void SetFault(std::function<Status(const std::string& operation)> fault);
  /// Bytes that fit; the next write above it gets kNoSpace.
  void SetCapacity(uint64_t bytes);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw::os::testing
