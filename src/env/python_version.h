// Which installed Python answers a version that was asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::env {

/// -1 for parts that were not given: "3.8" is {3, 8, -1}.
struct Version {
  int major = -1;
  int minor = -1;
  int patch = -1;
  bool operator==(const Version&) const = default;
  std::string ToString() const;
  /// Every part that is given here is the same there.
  bool Matches(const Version& other) const;
};

/// "3", "3.8", "3.8.18"; nullopt for anything else.
std::optional<Version> ParseVersion(std::string_view text);

/// A real interpreter: never a version manager's shim.
struct Interpreter {
  std::string path;            // absolute; a virtual environment's own stays its own
  std::string implementation;  // "cpython"
  std::string version;         // "3.11.7"
  std::string base_path;       // of the installation behind a virtual environment, else `path`
  std::string prefix;          // sys.prefix
  bool operator==(const Interpreter&) const = default;
  /// "cpython-3.11.7 /path", as in build_id; of the base.
  std::string Identity() const;
};

struct PythonChoice {
  Interpreter interpreter;
  std::string warning;  // "Python 3.6.2 is not installed; using 3.8.18, the nearest"; else empty
};

/// `asked` empty: the first of `installed`, which is the server's default. Else the first that
/// matches exactly, the newest patch where none was asked for; else the nearest, with a warning.
/// Pythons that cannot carry an environment (below 3.6, other than CPython) do not count.
/// kFailedPrecondition when none is left.
Result<PythonChoice> ChoosePython(const std::string& asked,
                                  const std::vector<Interpreter>& installed);

}  // namespace rw::env
