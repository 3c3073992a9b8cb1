// What a collection looks at.
#pragma once

#include "keep/gc_plan.h"
#include "os/file_system.h"

namespace rw::keep {

/// Where the things of a data folder are.
struct GcFolders {
  std::string runs;
  std::string logs;
  std::string spool;
  std::string builds;
};

/// Reads rows and walks the folders: slow, from a worker.
Result<GcView> LookForGc(db::Connection& db, os::FileSystem& fs, const GcFolders& folders,
                         int64_t now_us);

/// Of all files below; 0 where there is nothing. Links are not followed.
uint64_t BytesBelow(os::FileSystem& fs, const std::string& path);

}  // namespace rw::keep
