// state/launch: what the shim starts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "executor/environment.h"

namespace rw::executor {

/// `text` with $NAME and ${NAME} replaced by the variables' values; a name without a variable stays
/// as it is, and values are not looked through again (Python's os.path.expandvars, which the SDK's
/// runs applied to arguments on the node).
std::string ExpandVariables(std::string_view text, const EnvironmentMap& variables);

/// The command line: the interpreter and the script (a notebook by its runner)
/// with its arguments expanded, or a shell for a
/// command (which expands for itself) with its arguments.
std::vector<std::string> CommandLine(const LaunchPlan& plan, const EnvironmentMap& variables);

/// What `container` adds to the file's bytes: the shim leaves signals to the engine's client.
inline constexpr std::string_view kContainerMark{"container=1\0", 12};

/// The file's bytes. kInvalidArgument when an argument holds a NUL byte.
Result<std::string> EncodeLaunch(const std::string& working_folder, const std::string& log,
                                 const std::vector<std::string>& arguments,
                                 const EnvironmentMap& environment);

}  // namespace rw::executor
