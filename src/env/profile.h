// Profiles: what is known about frameworks, packages and images of another year. Data, in the
// folder profiles/ (docs/dev/formats/profiles.md); users' own files go before ours.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/release.h"
#include "json/value.h"
#include "os/file_system.h"

namespace rw::env {

/// What is done about a package that is asked for; the first rule that fits counts.
struct PackageRule {
  std::string package;  // canonical name, '*' for any text
  ReleaseRange versions;
  ReleaseRange python;
  bool without_gpu = false;  // only on a node without a GPU
  /// In its place; {} with `drop`: nothing.
  std::vector<std::string> use;
  bool drop = false;
  /// Versions that work here, ">=8.4": the nearest of them is taken.
  std::string nearest;
  std::vector<std::string> beside;             // what it imports and does not declare
  std::vector<std::string> constraints;        // on the whole environment
  std::vector<std::string> build_constraints;  // on what source builds use
  std::vector<std::string> shims;
  std::string reason;  // for people; there where use, drop or nearest is
  std::string text;    // the rule as it is in its file
  bool substitutes() const { return drop || !use.empty() || !nearest.empty(); }
};

/// A distribution that an interpreter of the machine may have already.
struct ProvidedBy {
  std::string interpreter;  // "/usr/bin/python3"
  std::string distribution;
  ReleaseRange versions;                 // of the framework, as asked for
  std::vector<std::string> constraints;  // so that what goes on top fits to it
};

struct FrameworkProfile {
  std::string name;
  std::vector<std::string> versions;  // those the SDK lists
  std::string default_version;
  std::string package;                // the one whose version is meant
  std::vector<std::string> packages;  // beside it
  std::vector<ProvidedBy> provided_by;
  std::vector<std::string> shims;              // always
  std::vector<std::string> shims_without_gpu;  // on a node without a GPU
  std::string text;                            // the file without its rules
};

struct ImageRule {
  std::string pattern;  // '*' for any text, case does not count
  std::string use;      // "process", or an image's name
  std::string python;   // version for the process
  std::string note;
  bool quiet = false;  // what the name always meant: no warning, also in resolver exact
  std::string text;    // the rule as it is in its file
};

/// A shim that every environment needs that has the package.
struct ShimRule {
  std::string shim;
  std::string package;
  ReleaseRange versions;
  std::string text;  // the rule as it is in its file
};

struct CuratedEnvironment {
  std::string name;
  json::Value spec;
  std::string description;
};

struct Profiles {
  std::map<std::string, FrameworkProfile, std::less<>> frameworks;
  std::vector<PackageRule> packages;  // in the order to look
  std::vector<ImageRule> images;
  std::vector<ShimRule> shims;
  std::vector<CuratedEnvironment> curated;  // by name
};

/// Reads `own`, then `users` (which may not be there), whose files and rules go first.
/// kInvalidArgument names the file and the member.
Result<Profiles> LoadProfiles(os::FileSystem& fs, const std::string& own, const std::string& users);

/// '*' stands for any text; case does not count.
bool MatchesPattern(std::string_view pattern, std::string_view text);

}  // namespace rw::env
