// Time, passed in from main. Nothing else asks the system for the time.
#pragma once

#include <cstdint>
#include <string>

namespace rw {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970 UTC. May jump; for display and cross-machine order only.
  virtual int64_t WallMicros() = 0;
  /// Microseconds of CLOCK_BOOTTIME: never goes back within a boot, counts while suspended.
  virtual int64_t BootMicros() = 0;
};

/// The machine's clocks.
Clock& SystemClock();

/// "2026-11-21T12:00:00.000001Z", the form of every time in the API.
std::string FormatUtc(int64_t wall_micros);
/// The reverse; -1 for text of another form.
int64_t ParseUtc(const std::string& text);

}  // namespace rw
