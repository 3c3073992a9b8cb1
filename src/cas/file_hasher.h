// Hashes the files and links of a walk, in several threads.
#pragma once

#include <functional>
#include <string>

#include "cas/folder_walk.h"

namespace rw::cas {

struct HashOptions {
  /// Files whose times are not older than this (nanoseconds) may change again without a change of
  /// their times.
  int64_t settled_before_ns = 0;
  std::function<void(const BuildProgress&)> progress;
  unsigned threads = 1;
};

enum class HashOutcome { kDone, kChanged };

/// Fills in digests and stats. kChanged, with the path in `changed`, when something became another
/// kind of thing, vanished, or was rewritten again and again while it was read: walk anew. A file
/// that only grew is taken as it was at the first look.
Result<HashOutcome> HashPending(const std::string& root, const HashOptions& options,
                                FolderWalk* walk, std::string* changed);

}  // namespace rw::cas
