#include "model/run_query_tokens.h"

namespace rw::model {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsWord(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  // Bytes above ASCII are parts of letters.
  return static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("_.-+/@:%").find(c) != std::string_view::npos;
}

class Splitter {
 public:
  Splitter(std::string_view text, std::string_view field) : text_(text), field_(field) {}

  Result<std::vector<QueryToken>> Split() {
    std::vector<QueryToken> tokens;
    while (true) {
      while (at_ < text_.size() && IsSpace(text_[at_])) at_++;
      tokens.push_back(TRY(Next()));
      if (tokens.back().kind == QueryToken::Kind::kEnd) return tokens;
    }
  }

 private:
  Result<QueryToken> Next() {
    QueryToken token;
    token.at = at_;
    if (at_ == text_.size()) return token;
    char c = text_[at_];
    if (c == '"' || c == '\'' || c == '`') return Quoted(c);
    if (IsWord(c)) {
      token.kind = QueryToken::Kind::kWord;
      while (at_ < text_.size() && IsWord(text_[at_])) token.text += text_[at_++];
      return token;
    }
    token.kind = QueryToken::Kind::kOperator;
    for (std::string_view op : {"<=", ">=", "!=", "==", "<", ">", "=", "~", "(", ")", ","}) {
      if (text_.substr(at_, op.size()) != op) continue;
      token.text = op == "==" ? "=" : op;
      at_ += op.size();
      return token;
    }
    token.text = c;
    return QueryError(field_, "there is no meaning for '" + token.text + "'", token);
  }

  Result<QueryToken> Quoted(char quote) {
    QueryToken token{QueryToken::Kind::kQuoted, "", at_++};
    while (at_ < text_.size() && text_[at_] != quote) {
      bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                    (text_[at_ + 1] == quote || text_[at_ + 1] == '\\');
      if (escape) at_++;
      token.text += text_[at_++];
    }
    if (at_ < text_.size()) {
      at_++;
      return token;
    }
    std::string what = "the quote ";
    what += quote;
    return QueryError(field_, what + " is not closed", token);
  }

  std::string_view text_;
  std::string_view field_;
  size_t at_ = 0;
};

}  // namespace

Error QueryError(std::string_view field, std::string_view what, const QueryToken& at) {
  std::string message(field);
  message += ": ";
  message += what;
  message += " at character ";
  message += std::to_string(at.at + 1);
  return Error(Code::kInvalidArgument, std::move(message), std::string(field));
}

Result<std::vector<QueryToken>> SplitQuery(std::string_view text, std::string_view field) {
  return Splitter(text, field).Split();
}

}  // namespace rw::model
