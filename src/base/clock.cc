#include "base/clock.h"

#include <ctime>

namespace rw {
namespace {
int64_t Micros(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return int64_t{ts.tv_sec} * 1'000'000 + ts.tv_nsec / 1000;
}
class RealClock final : public Clock {
 public:
  int64_t WallMicros() override { return Micros(CLOCK_REALTIME); }
  int64_t BootMicros() override { return Micros(CLOCK_BOOTTIME); }
};
}  // namespace

Clock& SystemClock() {
  static RealClock clock;
  return clock;
}
}  // namespace rw
