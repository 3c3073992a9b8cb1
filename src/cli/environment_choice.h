// What `submit` sends as the environment of a run.
#pragma once

#include <string>

#include "cli/context.h"

namespace rw::cli {

/// The spec (docs/dev/formats/environment.md) that the options ask for: --env by name, --env-file
/// and --pip as packages, --python as an interpreter (or, with packages, as a version); else the
/// client's own python3.
Result<json::Value> EnvironmentOf(Context& context, const SubmitOptions& options);

/// requirements.txt: requirement lines, -r includes, index options. kInvalidArgument names file and
/// line of what is not understood.
Result<json::Value> ReadRequirements(const std::string& path);

}  // namespace rw::cli
