// A folder of the machine as a snapshot. For clients: reads the file system directly (openat,
// fstatat), because a walk of 20,000 files must take milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cas/stat_cache.h"
#include "cas/tree.h"

namespace rw::cas {

/// One folder of a snapshot; `children` are indices of the folders in it, in the order of their
/// names in `names`.
struct SnapshotFolder : FolderState {
  std::vector<uint32_t> children;
  bool dirty = false;  // its tree is not known from the stat cache
};

/// A folder (its path ends in '/') or a file.
struct LargeFolder {
  std::string path;
  uint64_t bytes = 0;
};

struct Snapshot {
  std::string root;  // absolute path of the source folder
  Digest id;
  uint64_t files = 0;  // files and links
  uint64_t bytes = 0;
  uint64_t hashed_files = 0;                 // files whose bytes were read; 0 when nothing changed
  std::vector<std::string> skipped;          // sockets, FIFOs and devices, by path
  std::vector<SnapshotFolder> folders;       // [0] is the root; a folder stands before those in it
  std::vector<LargeFolder> largest_folders;  // see LargestParts; of snapshots over 300 MB
  std::string ignore_file;  // ".amlignore", ".gitignore", or "" where neither exists
};

struct BuildProgress {
  uint64_t files = 0;  // hashed
  uint64_t hashed_bytes = 0;
  uint64_t total_bytes = 0;
};

struct BuildOptions {
  /// Folder of the stat caches (DefaultStatCacheFolder); empty: none is read or written.
  std::string cache_folder;
  /// About every 100 ms while files are hashed, in the calling thread. May be empty.
  std::function<void(const BuildProgress&)> progress;
  /// Called once with a text when the snapshot is over 300 MB. May be empty.
  std::function<void(const std::string&)> warn;
  /// 0: RUNWRIGHT_SNAPSHOT_MAX_BYTES, and 10 GiB where that is not set.
  uint64_t max_bytes = 0;
  /// Tells which files were changed too recently for their times to be trusted; the machine's where
  /// null.
  Clock* clock = nullptr;
};

/// ${XDG_CACHE_HOME:-$HOME/.cache}/runwright/snapshots; "" where neither is set.
std::string DefaultStatCacheFolder();

/// Errors name the path: kNotFound, kPermissionDenied (a file that cannot be read),
/// kInvalidArgument (a name that cannot be stored), kConflict (a file that kept changing while it
/// was read), kTooLarge. A stat cache that cannot be read or written is not an error. Hashes with
/// as many threads as there are cores, at most 8.
Result<Snapshot> BuildSnapshot(const std::string& folder, const BuildOptions& options = {});

/// The entries of one folder of the snapshot.
Tree TreeOf(const Snapshot& snapshot, const SnapshotFolder& folder);

/// Where the bytes are: at most five folders and files, largest first.
std::vector<LargeFolder> LargestParts(const std::vector<SnapshotFolder>& folders);

}  // namespace rw::cas
