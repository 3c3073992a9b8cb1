#include <cstdio>
#include <ctime>

#include "base/clock.h"

namespace rw {

std::string FormatUtc(int64_t wall_micros) {
  time_t seconds = wall_micros / 1'000'000;
  int micros = static_cast<int>(wall_micros % 1'000'000);
  tm t{};
  gmtime_r(&seconds, &t);
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", t.tm_year + 1900,
                t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, micros);
  return text;
}

int64_t ParseUtc(const std::string& text) {
  tm t{};
  int micros = 0;
  char zone = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%6d%c", &t.tm_year, &t.tm_mon, &t.tm_mday,
                  &t.tm_hour, &t.tm_min, &t.tm_sec, &micros, &zone) != 8 ||
      zone != 'Z')
    return -1;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  return int64_t{timegm(&t)} * 1'000'000 + micros;
}

}  // namespace rw
