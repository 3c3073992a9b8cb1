// A copy of a database that is in use.
#pragma once

#include <string>

#include "base/result.h"

namespace rw::db {

/// `to` (absent) becomes what `from` is at one moment, everything committed before the call
/// included; writers go on meanwhile. Not synced. kUnavailable where another process holds `from`
/// exclusively.
Status CopyDatabase(const std::string& from, const std::string& to);

/// "ok", or what SQLite's quick check finds, a line each.
Result<std::string> QuickCheck(const std::string& path);

}  // namespace rw::db
