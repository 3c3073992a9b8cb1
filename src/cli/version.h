// The version that `runwright --version` prints.
#pragma once

namespace rw::cli {
inline constexpr const char* kVersion = "0.1.0";
}  // namespace rw::cli
