// What keeps a script from changing what runs share: what was reached, and what it came to.
#pragma once

#include <string>

#include "executor/grant.h"
#include "executor/run_folder.h"
#include "executor/warning.h"

namespace rw::executor {

/// The lines of state/launch that tell the shim what to protect; empty where nothing is.
std::string EncodeProtection(const Protection& protect);

/// After the script's end; from a worker thread. Reads what the shim reached (state/protection).
/// Where the build lay open, it is compared with what was published (a stat of each file); one that
/// was changed is put out of use.
Warnings CheckProtection(os::FileSystem& fs, const RunFolder& folder, const Protection& protect);

}  // namespace rw::executor
