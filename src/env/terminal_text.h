// What programs say, without what is meant for terminals only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rw::env {

/// Bytes for a terminal, in pieces of plain text: no colours, no links, no other control characters
/// but tabs. Codes may be cut anywhere between two calls.
class TerminalText {
 public:
  /// `line`: it ended with a line feed. Else the cursor went elsewhere: what was said is about to
  /// be painted over.
  using Piece = std::function<void(const std::string& text, bool line)>;
  void Read(std::string_view bytes, const Piece& piece);

 private:
  enum class In { kText, kEscape, kSequence, kString, kStringEscape };
  void Text(char c, const Piece& piece);
  void End(bool line, const Piece& piece);

  In in_ = In::kText;
  bool returned_ = false;  // a carriage return, which may belong to a line feed
  std::string text_;
};

}  // namespace rw::env
