// A folder of the machine as a snapshot. For clients: reads the file system directly (openat, fstatat), because a
// walk of 20,000 files must take milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cas/tree.h"

namespace rw::cas {

/// One folder of a snapshot; `children` are indices of the folders in it, in the order of its folder entries.
struct SnapshotFolder {
  std::string path;  // relative to the root; "" is the root
  Digest digest;
  Tree tree;
  std::vector<uint32_t> children;
};

struct LargeFolder {
  std::string path;
  uint64_t bytes = 0;
};

struct Snapshot {
  std::string root;  // absolute path of the source folder
  Digest id;
  uint64_t files = 0;  // files and links
  uint64_t bytes = 0;
  uint64_t hashed_files = 0;  // files whose bytes were read; 0 when nothing changed
  std::vector<std::string> skipped;  // sockets, FIFOs and devices, by path
  std::vector<SnapshotFolder> folders;  // [0] is the root
  std::vector<LargeFolder> largest_folders;  // at most five, largest first
  std::string ignore_file;  // ".amlignore", ".gitignore", or "" where neither exists
};

struct BuildProgress {
  uint64_t files = 0;   // seen
  uint64_t hashed_bytes = 0;
};

struct BuildOptions {
  /// Folder of the stat caches (DefaultStatCacheFolder); empty: none is read or written.
  std::string cache_folder;
  /// At most every 100 ms. May be empty.
  std::function<void(const BuildProgress&)> progress;
  /// Time of day in microseconds; the machine's where 0. A file changed within 2 s before it is not cached.
  int64_t now_micros = 0;
};

/// ${XDG_CACHE_HOME:-$HOME/.cache}/runwright/snapshots; "" where neither is set.
std::string DefaultStatCacheFolder();

/// Errors name the path: kNotFound, kPermissionDenied (a file that cannot be read), kInvalidArgument (a name that
/// cannot be stored), kConflict (a file that kept changing while it was read), kTooLarge. A stat cache that
/// cannot be read or written is not an error.
Result<Snapshot> BuildSnapshot(const std::string& folder, const BuildOptions& options = {});

}  // namespace rw::cas
