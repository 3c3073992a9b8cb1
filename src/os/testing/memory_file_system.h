// A file system in memory that forgets what was not synced, for every test and the simulator.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "os/file_system.h"

namespace rw::os::testing {

/// One thread. Folders' names are durable after SyncDir, bytes after File::Sync, as on a strict
/// disk.
class MemoryFileSystem final : public FileSystem {
 public:
  /// `random` decides what a crash keeps of unsynced work; without it all of that is lost. Not
  /// owned.
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

  /// Power loss: of every file the synced bytes survive, and of the unsynced pages (4 KiB) a random
  /// part; of names not synced a random part. Files open at that moment write to nowhere.
  void Crash();
  /// Called before each operation ("sync /a/b"); an error is what the caller gets, with nothing
  /// done.
  void SetFault(std::function<Status(std::string_view operation, const std::string& path)> fault);
  /// Bytes that all files together may hold; a write above it gets kNoSpace.
  void SetCapacity(uint64_t bytes);
  /// Bytes that all files together hold.
  uint64_t used() const;

  struct Node;
  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace rw::os::testing
