// Everything below a folder.
#pragma once

#include <functional>
#include <string>

#include "os/file_system.h"

namespace rw::os {

/// `path` is relative to the folder that is walked. False: what is below is left out.
using Visit = std::function<Result<bool>(const std::string& path, const FileInfo& info)>;

/// Visits a folder before what is in it, the entries of each by name; links are not followed. The
/// first error ends it, `visit`'s too. What goes away meanwhile is left out.
Status Walk(FileSystem& fs, const std::string& folder, const Visit& visit);

}  // namespace rw::os
