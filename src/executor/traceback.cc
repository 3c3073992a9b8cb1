#include "executor/traceback.h"

#include "base/strings.h"

namespace rw::executor {
namespace {
constexpr std::string_view kHeader = "Traceback (most recent call last):";

std::vector<std::string> LinesOf(std::string_view log) {
  std::vector<std::string> lines;
  for (std::string& line : Split(log, '\n')) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    size_t overwritten = line.rfind('\r');
    if (overwritten != std::string::npos) line.erase(0, overwritten + 1);
    lines.push_back(Utf8Lossy(line));
  }
  return lines;
}

struct Frame {
  std::string file;
  int line = 0;
};

/// `  File "train.py", line 3, in f`
std::optional<Frame> ParseFrame(std::string_view line) {
  std::string_view text = Trim(line);
  if (!line.starts_with("  File \"") || !text.starts_with("File \"")) return std::nullopt;
  size_t quote = text.find("\", line ", 6);
  if (quote == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(quote + 8);
  auto number = ParseInt(rest.substr(0, rest.find(',')));
  if (!number) return std::nullopt;
  return Frame{std::string(text.substr(6, quote - 6)), static_cast<int>(*number)};
}

/// "pkg.Error: message" or "KeyboardInterrupt": a dotted name, then nothing or ": ".
bool ParseException(const std::string& line, Traceback& out) {
  size_t colon = line.find(": ");
  std::string name = line.substr(0, colon);
  if (colon == std::string::npos && name.ends_with(":")) name.pop_back();
  if (name.empty() || isdigit(static_cast<unsigned char>(name[0])) || name.ends_with("."))
    return false;
  for (unsigned char c : name)
    if (!isalnum(c) && c != '_' && c != '.' && c != '<' && c != '>' && c < 0x80) return false;
  out.type = name;
  out.message = colon == std::string::npos ? "" : line.substr(colon + 2);
  return true;
}

/// Where a frame is shown from: below the working folder its relative path.
std::optional<std::string> WithinFolder(const std::string& file, const std::string& folder) {
  if (file.starts_with(folder + "/")) return file.substr(folder.size() + 1);
  if (file.starts_with("<") || file.starts_with("/")) return std::nullopt;
  return file.starts_with("./") ? file.substr(2) : file;
}

class Parser {
 public:
  Parser(const std::vector<std::string>& lines, const std::string& folder)
      : lines_(lines), folder_(folder) {}

  /// A traceback whose header, or first frame, is line `start`.
  std::optional<Traceback> At(size_t start) const {
    size_t i = lines_[start] == kHeader ? start + 1 : start;
    Traceback out;
    bool any_frame = false;
    bool any_own = false;
    for (; i < lines_.size() && lines_[i].starts_with(" "); i++) {
      auto frame = ParseFrame(lines_[i]);
      if (!frame) continue;
      auto own = WithinFolder(frame->file, folder_);
      any_frame = true;
      if (!own && any_own) continue;
      any_own = any_own || own.has_value();
      out.file = own ? *own : frame->file;
      out.line = frame->line;
    }
    if (!any_frame || i == lines_.size() || !ParseException(lines_[i], out)) return std::nullopt;
    Finish(start, i + 1, out);
    return out;
  }

 private:
  /// Further lines of the message: to the end, or to a blank line.
  void Finish(size_t start, size_t next, Traceback& out) const {
    size_t rest = next;
    while (rest < lines_.size() && Trim(lines_[rest]).empty()) rest++;
    out.at_end = rest == lines_.size();
    while (next < lines_.size() && !lines_[next].empty() && lines_[next] != kHeader) {
      out.message += "\n" + lines_[next++];
    }
    std::vector<std::string> text(lines_.begin() + static_cast<long>(start),
                                  lines_.begin() + static_cast<long>(next));
    out.text = Join(text, "\n");
  }

  const std::vector<std::string>& lines_;
  const std::string& folder_;
};
}  // namespace

std::optional<Traceback> LastTraceback(std::string_view log, const std::string& working_folder) {
  std::vector<std::string> lines = LinesOf(log);
  Parser parser(lines, working_folder);
  for (size_t i = lines.size(); i-- > 0;) {
    // A frame without a header before it: only SyntaxErrors of the main script look so.
    bool bare = ParseFrame(lines[i]) && (i == 0 || !lines[i - 1].starts_with(" "));
    if (lines[i] != kHeader && !bare) continue;
    if (bare && i > 0 && lines[i - 1] == kHeader) continue;
    auto found = parser.At(i);
    if (!found) continue;
    bool syntax = found->type == "SyntaxError" || found->type == "IndentationError" ||
                  found->type == "TabError";
    if (lines[i] == kHeader || syntax) return found;
  }
  return std::nullopt;
}

std::vector<std::string> LastLines(std::string_view log, size_t most) {
  std::vector<std::string> lines = LinesOf(log);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<long>(most));
  return lines;
}

}  // namespace rw::executor
