#include "env/terminal_text.h"

#include <utility>

namespace rw::env {
namespace {
constexpr char kEscape = '\x1b';
constexpr char kBell = '\a';
constexpr size_t kLongestLine = 64 << 10;  // who never ends a line is cut
}  // namespace

void TerminalText::End(bool line, const Piece& piece) {
  returned_ = false;
  std::string text = std::exchange(text_, {});
  if (line || !text.empty()) piece(text, line);
}

void TerminalText::Text(char c, const Piece& piece) {
  if (returned_) {
    End(c == '\n', piece);
    if (c == '\n') return;
  }
  if (c == '\n') return End(true, piece);
  if (c == '\r') {
    returned_ = true;
  } else if (c == kEscape) {
    in_ = In::kEscape;
  } else if (c == '\t' || static_cast<unsigned char>(c) >= ' ') {
    text_ += c;
    if (text_.size() >= kLongestLine) End(true, piece);
  }
}

void TerminalText::Read(std::string_view bytes, const Piece& piece) {
  for (char c : bytes) {
    switch (in_) {
      case In::kText:
        Text(c, piece);
        break;
      case In::kEscape:
        in_ = c == '[' ? In::kSequence : c == ']' ? In::kString : In::kText;
        break;
      case In::kSequence:
        if (c < '@' || c > '~') break;
        in_ = In::kText;
        if (c != 'm') End(false, piece);  // of those that colour nothing most move the cursor
        break;
      case In::kString:
        if (c == kBell) in_ = In::kText;
        if (c == kEscape) in_ = In::kStringEscape;
        break;
      case In::kStringEscape:
        in_ = In::kText;
        break;
    }
  }
}

}  // namespace rw::env
