#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/clock.h"
#include "base/time_text.h"

namespace rw {
namespace {

constexpr int64_t kDay = int64_t{86'400} * 1'000'000;

/// `digits` decimal digits of `value` at `at`.
void PutDigits(char* text, size_t at, int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; i--) {
    text[at + static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

std::string FormatUtc(int64_t wall_micros) {
  std::string text;
  AppendUtc(text, wall_micros);
  return text;
}

void AppendUtc(std::string& out, int64_t wall_micros) {
  int64_t day = wall_micros / kDay, rest = wall_micros % kDay;
  if (rest < 0) {
    rest += kDay;
    day--;
  }
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
  char text[] = "0000-00-00T00:00:00.000000Z";
  PutDigits(text, 0, std::abs(static_cast<int>(date.year())), 4);
  PutDigits(text, 5, static_cast<unsigned>(date.month()), 2);
  PutDigits(text, 8, static_cast<unsigned>(date.day()), 2);
  int64_t seconds = rest / 1'000'000;
  PutDigits(text, 11, seconds / 3600, 2);
  PutDigits(text, 14, seconds / 60 % 60, 2);
  PutDigits(text, 17, seconds % 60, 2);
  PutDigits(text, 20, rest % 1'000'000, 6);
  out.append(text, sizeof text - 1);
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
