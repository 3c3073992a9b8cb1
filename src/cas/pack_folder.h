// Makes a pack of a folder: one file, made once, of which parts are sent.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "cas/pack_file.h"

namespace rw::cas {

struct PackOptions {
  /// Absolute folders, by a name: text files and links that hold such a path are marked as moved,
  /// and the note "moved:NAME" holds the path, so that the reader can put its own in place of it.
  /// Several paths may have one name: "NAME", "NAME.2".
  std::map<std::string, std::string> moved;
  std::map<std::string, std::string> notes;  // more of them
  /// Paths within the folder that are left out, with what is below. May be empty.
  std::function<bool(const std::string& path)> skip;
};

/// Paths of files and links that PackFolder would mark as moved.
Result<std::set<std::string>> FindMoved(const std::string& folder, const PackOptions& options);

/// Blocking. Makes `file`, which does not exist, and syncs it. The same folder gives the same
/// bytes: owners, times of folders and bits of the mode beyond 0755 do not count. kInvalidArgument
/// names a file that cannot travel (a name with control characters, a link that leads out, a
/// device).
Result<PackFacts> PackFolder(const std::string& folder, const std::string& file,
                             const PackOptions& options);

}  // namespace rw::cas
