// What the compatibility shims in the script's Python need to know, and what they told
// (python/runwright/_compat).
#pragma once

#include <string>

#include "executor/grant.h"
#include "executor/run_folder.h"
#include "executor/warning.h"

namespace rw::executor {

/// Content of state/compat.json; "" where the run has neither shims nor a source map.
std::string CompatText(const LaunchPlan& plan);

/// Folder of the sitecustomize that starts them.
std::string CompatSite(const LaunchPlan& plan);

/// state/compat.jsonl: each line once, as a warning; at most 200. Written by any process of the
/// run: what is no line of ours is passed over.
Warnings ReadCompatNotes(os::FileSystem& fs, const RunFolder& folder);

}  // namespace rw::executor
