#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "base/clock.h"
#include "base/strings.h"

namespace rw::log {
namespace {
std::atomic<Level> least{Level::kInfo};
std::atomic<int> sink{2};

void AppendQuoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}
}  // namespace

void SetLevel(Level level) { least = level; }
void SetFd(int fd) { sink = fd; }

void Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < least) return;
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  std::string line = "{\"time\":\"" + FormatUtc(SystemClock().WallMicros()) + "\",\"level\":\"" +
                     kNames[static_cast<int>(level)] + "\",\"event\":";
  AppendQuoted(line, event);
  for (const Field& field : fields) {
    line += ",";
    AppendQuoted(line, field.key);
    line += ":";
    if (field.quoted) {
      AppendQuoted(line, Utf8Lossy(field.text));
    } else {
      line += field.text;
    }
  }
  line += "}\n";
  // A log that cannot be written has nowhere to report to.
  [[maybe_unused]] ssize_t written = write(sink, line.data(), line.size());
}
}  // namespace rw::log
