#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/clock.h"
#include "base/strings.h"

namespace rw::cli {
namespace {
constexpr int kBrokenPipe = 141;
constexpr size_t kLeastWidth = 8;
constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Cut(const std::string& text, size_t width) {
  if (Width(text) <= width) return text;
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); at++)
    if ((text[at] & 0xc0) != 0x80 && ++seen == width) break;
  return text.substr(0, at).append(kEllipsis);
}

/// What a run or a file is named must not move the cursor.
std::string Harmless(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) _exit(kBrokenPipe);
    if (n < 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}
}  // namespace

void Print(std::string_view text) { WriteAll(STDOUT_FILENO, text); }
void PrintError(std::string_view text) { WriteAll(STDERR_FILENO, text); }

Terminal Terminal::OfStdout(bool no_color) {
  if (isatty(STDOUT_FILENO) == 0) return Terminal(0, false);
  winsize size{};
  size_t width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  const char* term = std::getenv("TERM");
  bool plain =
      std::getenv("NO_COLOR") != nullptr || term == nullptr || std::string_view(term) == "dumb";
  return Terminal(width, !no_color && !plain);
}

std::string Terminal::Paint(std::string_view text, Color color) const {
  static constexpr std::string_view kCodes[] = {"", "2", "31", "32", "33", "34"};
  if (!color_ || color == Color::kNone) return std::string(text);
  return "\x1b[" + std::string(kCodes[static_cast<size_t>(color)]) + "m" + std::string(text) +
         "\x1b[0m";
}

std::string Terminal::Table(const std::vector<Column>& columns,
                            const std::vector<Row>& rows) const {
  std::vector<size_t> widths;
  size_t total = 0;
  for (size_t i = 0; i < columns.size(); i++) {
    size_t width = Width(columns[i].title);
    for (const Row& row : rows) width = std::max(width, Width(row[i].text));
    widths.push_back(width);
    total += width + (i > 0 ? kGap.size() : 0);
  }
  while (width_ > 0 && total > width_) {
    size_t widest = columns.size();
    for (size_t i = 0; i < columns.size(); i++)
      if (columns[i].shrinks && widths[i] > kLeastWidth &&
          (widest == columns.size() || widths[i] > widths[widest]))
        widest = i;
    if (widest == columns.size()) break;
    widths[widest]--;
    total--;
  }
  std::string out;
  auto add = [&](size_t i, const std::string& text, Color color) {
    std::string cut = Cut(Harmless(text), widths[i]);
    std::string pad(widths[i] - std::min(widths[i], Width(cut)), ' ');
    bool last = i + 1 == columns.size();
    if (columns[i].right) out += pad;
    out += Paint(cut, color);
    if (!columns[i].right && !last) out += pad;
    out += last ? "\n" : kGap;
  };
  for (size_t i = 0; i < columns.size(); i++) add(i, columns[i].title, Color::kDim);
  for (const Row& row : rows)
    for (size_t i = 0; i < columns.size(); i++) add(i, row[i].text, row[i].color);
  return out;
}

std::string LocalTime(const json::Value& utc) {
  int64_t micros = utc.is_string() ? ParseUtc(utc.as_string()) : -1;
  if (micros < 0) return "";
  time_t seconds = static_cast<time_t>(micros / 1'000'000);
  tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

std::string Duration(const json::Value& start, const json::Value& end) {
  int64_t from = start.is_string() ? ParseUtc(start.as_string()) : -1;
  if (from < 0) return "";
  int64_t to = end.is_string() ? ParseUtc(end.as_string()) : SystemClock().WallMicros();
  double seconds = static_cast<double>(std::max<int64_t>(0, to - from)) / 1e6;
  char text[48];
  auto whole = static_cast<long>(seconds);
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (whole < 3600) {
    std::snprintf(text, sizeof text, "%ld m %02ld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld h %02ld m", whole / 3600, whole / 60 % 60);
  }
  return text;
}

Color StatusColor(std::string_view status) {
  if (status == "Completed" || status == "Ready" || status == "Succeeded") return Color::kGreen;
  if (status == "Failed" || status == "NotResponding" || status == "unusable") return Color::kRed;
  if (status == "Canceled" || status == "CancelRequested") return Color::kYellow;
  if (status == "Running" || status == "Finalizing" || status == "running") return Color::kBlue;
  return Color::kNone;
}

}  // namespace rw::cli
