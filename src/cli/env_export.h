// Files that rebuild an environment where there is no runwright: functions of values.
#pragma once

#include <string>

#include "cli/env_subject.h"

namespace rw::cli {

/// `format`: "requirements", "conda" or "containerfile". Exact versions from the lock; indexes
/// without passwords. kFailedPrecondition where it was never resolved or nothing is installed in
/// it; kUnsupported where the format cannot say it (conda packages in a requirements.txt).
Result<std::string> ExportEnvironment(const EnvSubject& subject, const std::string& format);

}  // namespace rw::cli
