// What files a build had when it was published, so that a change by a run can be seen where nothing
// but mode bits kept runs from changing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cas/packed_tree.h"
#include "os/file_system.h"

namespace rw::env {

/// Notes size and time of every file below `build` in its file runwright-files; byte code does not
/// count. Returns the bytes of all files.
Result<uint64_t> WriteManifest(os::FileSystem& fs, const std::string& build);

/// The same of a build that was just unpacked from a pack, mostly without a look at its files.
Result<uint64_t> WriteManifest(os::FileSystem& fs, const std::string& build,
                               const cas::PackedTree& tree);

/// The same from what was noted; 0 without a manifest.
uint64_t ManifestBytes(os::FileSystem& fs, const std::string& build);

/// Files that are no longer as noted, new and missing ones included, sorted; none for a build
/// without a manifest. A stat of each file: 30 ms for 12,000.
Result<std::vector<std::string>> ChangedFiles(os::FileSystem& fs, const std::string& build);

/// A build that a run changed: it is no longer used, the next run that needs it has it made anew.
/// Runs that use it go on.
Status MarkChanged(os::FileSystem& fs, const std::string& build,
                   const std::vector<std::string>& files);
bool IsMarkedChanged(os::FileSystem& fs, const std::string& build);
Status RemoveChangedMark(os::FileSystem& fs, const std::string& build);

/// "a, b and 3 more".
std::string FirstOf(const std::vector<std::string>& files);

}  // namespace rw::env
