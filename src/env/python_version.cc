#include "env/python_version.h"

#include <array>
#include <cstdlib>

#include "base/strings.h"

namespace rw::env {
namespace {
/// uv asks an interpreter with -I, which Python 2 lacks, and installs into 3.6 and up.
constexpr Version kLeast = {3, 6, 0};

Version VersionOf(const Interpreter& interpreter) {
  return ParseVersion(interpreter.version).value_or(Version{});
}

bool Usable(const Interpreter& interpreter) {
  Version v = VersionOf(interpreter);
  return interpreter.implementation == "cpython" &&
         (v.major > kLeast.major || (v.major == kLeast.major && v.minor >= kLeast.minor));
}

/// Smaller is nearer; of two equally near ones the newer.
using Distance = std::array<int, 6>;
Distance DistanceOf(const Version& asked, const Version& have) {
  auto part = [](int a, int b) { return a < 0 ? 0 : std::abs(a - b); };
  return {part(asked.major, have.major),
          part(asked.minor, have.minor),
          part(asked.patch, have.patch),
          -have.major,
          -have.minor,
          -have.patch};
}
}  // namespace

std::string Version::ToString() const {
  std::string out = std::to_string(major);
  if (minor >= 0) out += "." + std::to_string(minor);
  if (patch >= 0) out += "." + std::to_string(patch);
  return out;
}

bool Version::Matches(const Version& other) const {
  return major == other.major && (minor < 0 || minor == other.minor) &&
         (patch < 0 || patch == other.patch);
}

std::optional<Version> ParseVersion(std::string_view text) {
  std::vector<std::string> parts = Split(text, '.');
  if (parts.size() > 3) return std::nullopt;
  std::array<int, 3> numbers = {-1, -1, -1};
  for (size_t i = 0; i < parts.size(); i++) {
    if (parts[i].empty() || parts[i].size() > 4) return std::nullopt;
    if (parts[i].find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    numbers[i] = static_cast<int>(ParseInt(parts[i]).value_or(0));
  }
  return Version{numbers[0], numbers[1], numbers[2]};
}

std::string Interpreter::Identity() const {
  return implementation + "-" + version + " " + (base_path.empty() ? path : base_path);
}

Result<PythonChoice> ChoosePython(const std::string& asked,
                                  const std::vector<Interpreter>& installed) {
  std::optional<Version> wanted = ParseVersion(asked);
  // Nothing asked: the default, whatever its version; a default that is too old is replaced by the
  // nearest.
  if (!wanted && !installed.empty()) {
    if (Usable(installed.front())) return PythonChoice{installed.front(), ""};
    wanted = VersionOf(installed.front());
  }
  const Interpreter* best = nullptr;
  for (const Interpreter& candidate : installed) {
    if (!Usable(candidate)) continue;
    // The default wins among the exact matches, unless a patch was asked for that it lacks.
    if (wanted->Matches(VersionOf(candidate)) && &candidate == &installed.front())
      return PythonChoice{candidate, ""};
    if (best == nullptr ||
        DistanceOf(*wanted, VersionOf(candidate)) < DistanceOf(*wanted, VersionOf(*best)))
      best = &candidate;
  }
  if (best == nullptr)
    return Error(Code::kFailedPrecondition,
                 "no CPython 3.6 or newer is installed on the server's machine: install python3 "
                 "(Debian: apt-get install python3) or put one on the server's PATH");
  PythonChoice choice{*best, ""};
  if (!wanted->Matches(VersionOf(*best)))
    choice.warning = "Python " + wanted->ToString() + " is not installed; using " + best->version +
                     ", the nearest";
  return choice;
}

}  // namespace rw::env
