// The version of what an executor and a server say to each other (docs/dev/formats/run-folder.md).
#pragma once

#include <cstdint>

namespace rw::model {

/// Sent with every request in kProtocolHeader. 2 brought the header; without it a request is of 1.
inline constexpr int64_t kExecutorProtocol = 2;
/// A server takes executors of the release before its own: they go on while it is replaced.
inline constexpr int64_t kOldestExecutorProtocol = 1;
inline constexpr const char* kProtocolHeader = "Runwright-Protocol";

}  // namespace rw::model
