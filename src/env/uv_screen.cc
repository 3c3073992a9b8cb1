#include "env/uv_screen.h"

#include <algorithm>

#include "base/strings.h"

namespace rw::env {
namespace {
/// uv's bars, of done and left to do alike (its style: `{msg} {bar:30} {bytes}/{total_bytes}`).
constexpr std::string_view kBar = "------------------------------";
/// Smaller ones come and go too fast to be told; as uv without a terminal.
constexpr uint64_t kWorthALine = 1 << 20;

constexpr std::string_view kSpinner = "\xE2\xA0";  // Braille

bool IsBlank(std::string_view text) { return Trim(text).empty(); }

/// A spinner, bars of downloads, or the bar of installed packages (block elements).
bool IsPainted(std::string_view text) {
  text = Trim(text);
  return text.starts_with(kSpinner) || text.starts_with("\xE2\x96") ||
         text.find(kBar) != std::string_view::npos;
}

/// "rwbig" of "… rwbig   "; of "cpython-3.12.1-linux (download) " the name before the note.
std::string_view LastWord(std::string_view text) {
  for (;;) {
    text = Trim(text);
    std::string_view word = text.substr(text.find_last_of(' ') + 1);
    if (!word.starts_with('(') || word.size() == text.size()) return word;
    text.remove_suffix(word.size());
  }
}

/// Up to the padding that fills a painted line; one that is full is followed by the next at once.
std::string_view UpToPadding(std::string_view text) {
  return text.substr(0, std::min({text.find("  "), text.find(kSpinner), text.size()}));
}

std::string WithoutSpaces(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c != ' ') out += c;
  return out;
}

/// "203.1 MiB/475.2 MiB   …" → its parts; false where it is none, or cut.
bool SplitAmounts(std::string_view text, std::string_view* done, std::string_view* total) {
  text = Trim(text);
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  *done = text.substr(0, slash);
  size_t unit = text.find('B', slash);
  if (unit == std::string_view::npos) return false;
  *total = text.substr(slash + 1, unit - slash);
  return ParseSize(*total) > 0;
}
}  // namespace

uint64_t ParseSize(std::string_view text) {
  text = Trim(text);
  size_t end = text.find_first_not_of("0123456789.");
  if (end == 0 || end == std::string_view::npos) return 0;
  auto number = ParseDouble(text.substr(0, end));
  if (!number) return 0;
  std::string_view unit = Trim(text.substr(end));
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double factor = 1;
  for (std::string_view known : kUnits) {
    if (unit == known) return static_cast<uint64_t>(*number * factor);
    factor *= 1024;
  }
  return 0;
}

void UvScreen::Once(std::string_view text, std::string_view word, std::string_view lead,
                    std::string& out) {
  for (size_t pos = 0; (pos = text.find(word, pos)) != std::string_view::npos; pos++) {
    if (pos > 0 && text[pos - 1] != ' ') continue;
    std::string_view line = UpToPadding(text.substr(pos));
    std::string name(line.substr(0, line.find(' ', word.size())));
    if (!told_.insert(std::move(name)).second) continue;
    out += lead;
    out += line;
    out += '\n';
  }
}

void UvScreen::Bars(std::string_view text, std::string& out) {
  std::vector<Download> now;
  for (size_t pos = 0; (pos = text.find(kBar, pos)) != std::string_view::npos; pos += kBar.size()) {
    std::string_view done;
    std::string_view total;
    std::string_view name = LastWord(text.substr(0, pos));
    if (name.empty() || !SplitAmounts(text.substr(pos + kBar.size()), &done, &total)) continue;
    Download one{std::string(name), ParseSize(done), ParseSize(total)};
    if (one.total >= kWorthALine && told_.insert("Downloading " + one.name).second)
      out += "Downloading " + one.name + " (" + WithoutSpaces(total) + ")\n";
    now.push_back(std::move(one));
  }
  for (const Download& before : downloads_) {
    bool gone = std::none_of(now.begin(), now.end(),
                             [&](const Download& one) { return one.name == before.name; });
    if (gone && before.total >= kWorthALine) out += " Downloaded " + before.name + "\n";
  }
  downloads_ = std::move(now);
}

void UvScreen::Painted(std::string_view text, std::string& out) {
  if (IsBlank(text)) return;  // a line that is cleared
  Once(text, "Building ", "   ", out);
  Once(text, "Built ", "      ", out);
  Bars(text, out);
}

void UvScreen::Written(const std::string& text, std::string& out) {
  if (!IsPainted(text)) {
    out += text + "\n";
    return;
  }
  // Said while something was painted: it stands behind that.
  Painted(text, out);
  size_t said = std::min(text.find("warning: "), text.find("error: "));
  if (said != std::string::npos) out += text.substr(said) + "\n";
}

std::string UvScreen::Read(std::string_view bytes) {
  std::string out;
  text_.Read(bytes, [&](const std::string& text, bool line) {
    line ? Written(text, out) : Painted(text, out);
  });
  return out;
}

}  // namespace rw::env
