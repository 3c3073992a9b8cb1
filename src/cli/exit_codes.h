// What the command line exits with, a code each of api/errors.yaml.
#pragma once

#include "base/result.h"

namespace rw::cli {

inline constexpr int kRunFailed = 1;  // a followed run ended as Failed
inline constexpr int kInterrupted = 130;

int ExitCode(Code code);

}  // namespace rw::cli
