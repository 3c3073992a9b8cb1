// Conda packages as packages of the pip index, for where no channel can be reached: a function of
// the spec and of a data file, profiles/conda-pip-names.json.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/spec.h"

namespace rw::env {

struct CondaNames {
  std::map<std::string, std::string, std::less<>> pip;   // "pytorch" → "torch"
  std::map<std::string, std::string, std::less<>> drop;  // "mkl" → why nothing is installed
  std::set<std::string, std::less<>> same;               // the pip index has it under this name

  /// kInvalidArgument says what is wrong with the file.
  static Result<CondaNames> Parse(std::string_view json_text);
  /// What the pip index calls it, without extras; the same name where nothing is known.
  std::string PipName(std::string_view conda_name) const;
};

struct CondaMapping {
  EnvironmentSpec spec;               // kind pip; everything else as it was
  std::vector<std::string> warnings;  // the reason first, then a line for each package
};

/// `why`: what was in the way of conda, for people. Packages that the pip section names too are
/// left to it. kFailedPrecondition where the spec's resolver is exact: it names `why`.
Result<CondaMapping> MapCondaPackages(const EnvironmentSpec& spec, const CondaNames& names,
                                      const std::string& why);

/// The version part of a match spec ("=1.2", ">=1,<2", "=1.2=py36_0", "[version='>=1']") as pip
/// writes it ("==1.2.*", …; builds are left out). nullopt where pip cannot say it.
std::optional<std::string> PipVersionOf(std::string_view conda);

/// A version that pip can read: "1.2", "1.2.0rc1", "1.2.post1"; conda also has "1.0.2k" and "9e".
bool IsPipVersion(std::string_view version);

}  // namespace rw::env
