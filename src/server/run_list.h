// The list of runs as its route is asked for it.
#pragma once

#include <string>

#include "meta/run_search.h"
#include "server/call.h"

namespace rw::server {

/// kInvalidArgument names the parameter. `portal`: URL of this server.
Result<meta::RunSearch> ReadRunSearch(const Call& call, const std::string& portal);

/// The cursor of the page after `place`. That of the default order is a plain number; any other
/// holds its sort, and is refused with another one.
std::string CursorOf(const meta::RunSearch& search, const meta::RunPlace& place);

}  // namespace rw::server
