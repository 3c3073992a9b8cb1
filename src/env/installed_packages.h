// What is installed in an interpreter of the machine.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "env/variables.h"

namespace rw::env {

/// Canonical name to version, of all that the interpreter's own path shows. Starts it (about 0.1
/// s).
Result<std::map<std::string, std::string>> InstalledPackages(const std::string& interpreter,
                                                             const Variables& variables);

}  // namespace rw::env
