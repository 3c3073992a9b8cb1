// What is installed in an interpreter of the machine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/variables.h"

namespace rw::env {

/// Canonical name to version, of all that the interpreter's own path shows. Starts it (about 0.1
/// s).
Result<std::map<std::string, std::string>> InstalledPackages(const std::string& interpreter,
                                                             const Variables& variables);

/// What a script started by the interpreter can import, the user's own folder included.
struct Importable {
  std::map<std::string, std::string> versions;  // by canonical name
  /// Where it was looked: whatever is installed or removed changes one of their times. Some may
  /// not be there yet.
  std::vector<std::string> folders;
};
Result<Importable> ImportablePackages(const std::string& interpreter, const Variables& variables);

}  // namespace rw::env
