// The lock of an environment whose conda packages are conda packages
// (docs/dev/formats/environment.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw::env {

struct CondaPackage {
  std::string name;
  std::string version;
  std::string build;
  std::string url;         // without user name and password
  std::string hash;        // "sha256=…" or "md5=…"; empty where the channel names none
  bool of_python = false;  // it depends on python: pip sees it too. Not in the lock
};

struct CondaLock {
  std::vector<CondaPackage> conda;
  std::string pip;  // the lines of the pip section
  const CondaPackage* Find(std::string_view name) const;
};

std::string WriteCondaLock(const CondaLock& lock);
/// nullopt where it is the lock of another kind (or of conda packages that the pip index gave).
std::optional<CondaLock> ReadCondaLock(std::string_view text);

}  // namespace rw::env
