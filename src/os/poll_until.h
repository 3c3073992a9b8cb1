// For facts of another process that send no event: a lock let go of, a port given back.
#pragma once

#include <chrono>
#include <functional>

namespace rw::os {

/// Asks now, then again every `every`, until `fact` is true or `most` has passed; the last answer.
bool PollUntil(const std::function<bool()>& fact, std::chrono::milliseconds every,
               std::chrono::milliseconds most);

}  // namespace rw::os
