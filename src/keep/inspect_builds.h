// Are the built environments as they were published?
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "db/connection.h"
#include "keep/inspect.h"
#include "os/file_system.h"

namespace rw::keep {

struct BuildsView {
  std::string folder;    // of the builds
  bool deep = false;     // read every file that a package installed, not only its size
  bool at_work = false;  // something is being built: what is half made belongs to it
  int64_t now_us = 0;
  /// What a build's own notes say of its files since it was published; may be empty.
  std::function<std::vector<std::string>(const std::string& build)> changed;
  uint64_t disk_free_bytes = 0;  // of the folder's disk; 0: not known
};

/// A finding for each build that was changed after it was published (its files against the RECORD
/// of each package), that lost its folder or its interpreter, for registered environments whose
/// interpreter is not there, for what a killed server left, and for a disk that is nearly full.
/// Walks folders: slow, from a worker.
Result<std::vector<Finding>> InspectBuilds(db::Connection& db, os::FileSystem& fs,
                                           const BuildsView& view);

/// The files that RECORD files below `build` name and that are not as written there: absent, of
/// another size or, with `deep`, of other bytes. Relative to the build, sorted; at most `most`.
std::vector<std::string> ChangedFiles(os::FileSystem& fs, const std::string& build, bool deep,
                                      size_t most = 20);

}  // namespace rw::keep
