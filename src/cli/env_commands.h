// The parts of `runwright env`, a few to a file.
#pragma once

#include "cli/context.h"

namespace rw::cli {

Result<int> BuildEnv(Context& context, const EnvOptions& options);
Result<int> LockEnv(Context& context, const EnvOptions& options);
Result<int> DiffEnv(Context& context, const EnvOptions& options);
Result<int> ExportEnv(Context& context, const EnvOptions& options);
Result<int> CollectEnv(Context& context, const EnvOptions& options);
Result<int> ExamineEnv(Context& context, const EnvOptions& options);

}  // namespace rw::cli
