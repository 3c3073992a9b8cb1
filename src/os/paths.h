// Paths and names that come from outside.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::os {

/// "/a/b" → "/a"; "/a" → "/".
std::string DirName(std::string_view path);
/// "/a/b" → "b".
std::string BaseName(std::string_view path);
std::string JoinPath(std::string_view folder, std::string_view name);

/// A relative name below some root, in one spelling: "./a//b/" → "a/b". kInvalidArgument, naming
/// `what`, for absolute paths, "..", NUL, other control characters, invalid UTF-8, more than 4,096
/// bytes or a component over 255, and for an empty result.
Result<std::string> CleanRelativePath(std::string_view name, std::string_view what);

/// Opens `relative` (already clean) for reading beneath root by openat2(RESOLVE_BENEATH): a
/// symbolic link inside cannot lead out. Returns the file descriptor, owned by the caller.
Result<int> OpenBeneath(const std::string& root, const std::string& relative, int flags,
                        unsigned mode = 0);

}  // namespace rw::os
