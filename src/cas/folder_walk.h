// Walks a source folder for a snapshot: what is in it, and which files must be hashed.
#pragma once

#include <string>
#include <vector>

#include "cas/ignore_rules.h"
#include "cas/snapshot_builder.h"

namespace rw::cas {

struct PendingFile {
  uint32_t folder = 0;  // index of its folder
  uint32_t index = 0;   // among that folder's files and links
  std::string path;     // relative to the root
};

struct FolderWalk {
  std::vector<SnapshotFolder> folders;  // [0] is the root; a folder stands before those in it
  std::vector<PendingFile> pending;     // their digests are zero
  std::vector<std::string> skipped;
};

/// Sizes and counts are filled in from the stats; trees of dirty folders are not. `same_rules`: the
/// cache was made with these rules, so that a folder with the cached listing needs no look at its
/// names.
Result<FolderWalk> WalkFolder(const std::string& root, const IgnoreRules& rules,
                              const StatCache& cache, bool same_rules);

/// Fills a folder's size and count from its stats and children.
void SumUp(std::vector<SnapshotFolder>& folders, SnapshotFolder& folder);

}  // namespace rw::cas
