// The lines of a lock (docs/dev/formats/environment.md), for comparing and exporting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rw::cli {

struct LockedPackage {
  std::string name;
  /// "1.16.0"; of a package from a URL: "@ https://…".
  std::string version;
  bool conda = false;
  std::string build;                // of a conda package
  std::string url;                  // of a conda package, with #sha256=… or #md5=… where known
  std::string line;                 // as it stands in the lock
  std::vector<std::string> hashes;  // of a pip package: "sha256:…"
};

std::vector<LockedPackage> ReadLock(std::string_view text);

/// Without user names and passwords in URLs ("git@" stays).
std::string WithoutPasswords(std::string_view text);

}  // namespace rw::cli
