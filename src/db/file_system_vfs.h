// A SQLite VFS over os::FileSystem: the simulator's databases lose unsynced writes like its files
// do.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "os/file_system.h"

namespace rw::db {

/// Registers a VFS under `name` until destroyed (close its connections first). One connection a
/// database: it has no shared memory and no locks, so open with OpenOptions{.vfs = name, .exclusive
/// = true}.
class FileSystemVfs {
 public:
  FileSystemVfs(std::string name, os::FileSystem& fs, Clock& clock, Random& random);
  ~FileSystemVfs();
  FileSystemVfs(const FileSystemVfs&) = delete;
  FileSystemVfs& operator=(const FileSystemVfs&) = delete;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw::db
