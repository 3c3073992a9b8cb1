// Stored snapshots: what is in them, and whether they are whole.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "cas/blob_store.h"
#include "cas/tree.h"

namespace rw::cas {

/// A verified and valid tree. kNotFound, kCorrupt, or kInvalidArgument when the blob is no tree.
Result<Tree> ReadTree(BlobStore& store, const Digest& digest);

struct SnapshotEntry {
  std::string path;  // below the root, '/' between names
  TreeEntry entry;
};

/// Calls `visit` for every entry, a folder before what is in it, in the order of names; an error of
/// it ends the walk and is returned. kTooLarge beyond kMaxTreeDepth, kMaxPathBytes or
/// kMaxSnapshotEntries.
Status WalkSnapshot(BlobStore& store, const Digest& root,
                    const std::function<Status(const SnapshotEntry&)>& visit);
/// All entries, folders included; kTooLarge above `most`.
Result<std::vector<SnapshotEntry>> ListSnapshot(BlobStore& store, const Digest& root,
                                                size_t most = kMaxSnapshotEntries);

struct Closure {
  /// Digests that are not in the store, each once. What lies below a missing tree is not known and
  /// not listed.
  std::vector<Digest> missing;
  /// Files and links, and their bytes; meaningful when nothing is missing.
  uint64_t files = 0;
  uint64_t bytes = 0;
};

/// Is everything below a tree in the store? Trees once found whole are remembered, so that a
/// snapshot with one changed file costs a few reads: call Forget when blobs are removed.
/// Thread-safe; blocks on the disk. Also how a snapshot is fetched to an empty store: fetch what is
/// missing, check again, until nothing is.
class ClosureChecker {
 public:
  explicit ClosureChecker(BlobStore& store) : store_(store) {}

  /// kInvalidArgument for trees that are malformed or lie about sizes, kTooLarge beyond the limits.
  Result<Closure> Check(const Digest& root);
  void Forget();

 private:
  struct Totals {
    uint64_t files = 0;
    uint64_t bytes = 0;
    uint64_t entries = 0;
    size_t depth = 0;
  };
  class Pass;

  BlobStore& store_;
  std::mutex mutex_;
  std::unordered_map<Digest, Totals> whole_;
};

}  // namespace rw::cas
