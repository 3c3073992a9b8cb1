// The command line.
#pragma once

#include "cli/commands.h"

namespace rw::cli {

/// The whole program but for its other roles; returns what to exit with.
int Main(int argc, char** argv, const Roles& roles);

}  // namespace rw::cli
