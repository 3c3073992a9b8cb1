#include "os/poll_until.h"

#include <thread>

#include "base/clock.h"

namespace rw::os {

bool PollUntil(const std::function<bool()>& fact, std::chrono::milliseconds every,
               std::chrono::milliseconds most) {
  int64_t end = SystemClock().BootMicros() + std::chrono::microseconds(most).count();
  while (!fact()) {
    if (SystemClock().BootMicros() >= end) return false;
    std::this_thread::sleep_for(every);
  }
  return true;
}

}  // namespace rw::os
