// state/launch: what the shim starts.
#pragma once

#include <string>
#include <vector>

#include "executor/environment.h"

namespace rw::executor {

/// The command line: the interpreter and the script (a notebook by its runner), or a shell for a
/// command; then the arguments.
std::vector<std::string> CommandLine(const LaunchPlan& plan);

/// The file's bytes. kInvalidArgument when an argument holds a NUL byte.
Result<std::string> EncodeLaunch(const std::string& working_folder, const std::string& log,
                                 const std::vector<std::string>& arguments,
                                 const EnvironmentMap& environment);

}  // namespace rw::executor
