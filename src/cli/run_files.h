// runwright runs files, runwright runs get.
#pragma once

#include "cli/context.h"

namespace rw::cli {

Result<int> ListRunFiles(Context& context, const RunsOptions& options);
/// Names that the server gives are cleaned first: nothing is written outside of the folder.
Result<int> GetRunFiles(Context& context, const RunsOptions& options);

/// Deletes, restores, archives.
Result<int> ChangeRuns(Context& context, const RunsOptions& options);

}  // namespace rw::cli
