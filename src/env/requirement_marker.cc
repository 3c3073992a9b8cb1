#include "env/requirement_marker.h"

#include <cctype>

namespace rw::env {
namespace {
enum class Kind { kWord, kString, kComparison, kOpen, kClose };
struct Token {
  Kind kind;
  std::string text;
};

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}
bool IsComparisonChar(char c) {
  return std::string_view("<>=!~").find(c) != std::string_view::npos;
}

Result<Token> Next(std::string_view text, size_t& pos) {
  size_t start = pos;
  char c = text[pos];
  if (c == '(' || c == ')') {
    pos++;
    return Token{c == '(' ? Kind::kOpen : Kind::kClose, std::string(1, c)};
  }
  if (c == '"' || c == '\'') {
    size_t end = text.find(c, pos + 1);
    if (end == std::string_view::npos)
      return Error(Code::kInvalidArgument, "a quote is not closed");
    pos = end + 1;
    std::string inner(text.substr(start + 1, end - start - 1));
    char quote = inner.find('"') == std::string::npos ? '"' : '\'';
    return Token{Kind::kString, quote + inner + quote};
  }
  bool comparison = IsComparisonChar(c);
  if (!comparison && !IsWordChar(c))
    return Error(Code::kInvalidArgument, std::string("unexpected '") + c + "'");
  while (pos < text.size() && (comparison ? IsComparisonChar(text[pos]) : IsWordChar(text[pos])))
    pos++;
  return Token{comparison ? Kind::kComparison : Kind::kWord,
               std::string(text.substr(start, pos - start))};
}

bool SpaceBetween(Kind before, Kind after) {
  return before != Kind::kComparison && after != Kind::kComparison && before != Kind::kOpen &&
         after != Kind::kClose;
}
}  // namespace

Result<std::string> CanonicalMarker(std::string_view marker) {
  std::string out;
  Kind last = Kind::kOpen;
  int depth = 0;
  for (size_t pos = 0; pos < marker.size();) {
    if (marker[pos] == ' ' || marker[pos] == '\t') {
      pos++;
      continue;
    }
    Token token = TRY(Next(marker, pos));
    depth += token.kind == Kind::kOpen ? 1 : token.kind == Kind::kClose ? -1 : 0;
    if (depth < 0) return Error(Code::kInvalidArgument, "')' without '('");
    if (!out.empty() && SpaceBetween(last, token.kind)) out += ' ';
    out += token.text;
    last = token.kind;
  }
  if (depth != 0) return Error(Code::kInvalidArgument, "'(' without ')'");
  if (out.empty()) return Error(Code::kInvalidArgument, "nothing after ';'");
  return out;
}

}  // namespace rw::env
