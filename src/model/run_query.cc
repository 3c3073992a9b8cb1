#include "model/run_query.h"

#include <limits>

#include "base/clock.h"
#include "base/strings.h"
#include "model/run_query_tokens.h"

namespace rw::model {
namespace {

constexpr size_t kMostComparisons = 64;
constexpr size_t kDeepest = 16;
constexpr std::string_view kFieldHelp =
    "metrics.NAME, params.NAME, tags.NAME, properties.NAME or one of ";

using Kind = QueryToken::Kind;

bool IsBareWord(const QueryToken& token, std::string_view word) {
  return token.kind == Kind::kWord && Lower(token.text) == word;
}
bool IsOperator(const QueryToken& token, std::string_view op) {
  return token.kind == Kind::kOperator && token.text == op;
}

std::string Shown(const QueryToken& token) {
  if (token.kind == Kind::kEnd) return "the end";
  std::string shown = "'";
  shown += token.text.substr(0, 60);
  shown += '\'';
  return shown;
}

std::optional<double> NumberOf(const std::string& word) {
  std::string lower = Lower(word);
  if (lower == "infinity" || lower == "+infinity") return std::numeric_limits<double>::infinity();
  if (lower == "-infinity") return -std::numeric_limits<double>::infinity();
  bool digits = !word.empty() && word.find_first_of("0123456789") != std::string::npos;
  if (!digits) return std::nullopt;
  return ParseDouble(word[0] == '+' ? word.substr(1) : word);
}

/// "2026-11-21", with or without "T12:00", seconds and their parts, and Z.
std::optional<double> TimeOf(std::string text) {
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  if (!text.empty() && text.back() == 'Z') text.pop_back();
  constexpr std::string_view kFull = "0000-00-00T00:00:00.000000";
  constexpr std::string_view kWhole = "2026-11-21T00:00:00.000000";
  for (size_t size : {10, 16, 19}) {
    if (text.size() == size) text += kWhole.substr(size);
  }
  if (text.size() > 20 && text.size() < kFull.size()) text.append(kFull.size() - text.size(), '0');
  if (text.size() != kFull.size()) return std::nullopt;
  text += 'Z';
  int64_t micros = ParseUtc(text);
  if (micros < 0) return std::nullopt;
  return static_cast<double>(micros);
}

class Parser {
 public:
  Parser(std::vector<QueryToken> tokens, std::string_view what)
      : tokens_(std::move(tokens)), what_(what) {}

  Result<RunCondition> Filter() {
    if (Here().kind == Kind::kEnd) return RunCondition{};
    RunCondition condition = TRY(Either(0));
    if (Here().kind != Kind::kEnd) return Expected("'and', 'or' or the end");
    return condition;
  }

  Result<RunSort> Sort(bool descending) {
    RunSort sort{TRY(Field()), descending};
    if (Here().kind != Kind::kEnd) return Expected("the end");
    return sort;
  }

 private:
  const QueryToken& Here() const { return tokens_[at_]; }
  const QueryToken& Ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Error Expected(std::string_view expected) const {
    std::string text = "expected ";
    text += expected;
    text += ", not ";
    text += Shown(Here());
    text += ",";
    return QueryError(what_, text, Here());
  }
  bool Take(std::string_view op) {
    if (!IsOperator(Here(), op)) return false;
    at_++;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!IsBareWord(Here(), word)) return false;
    at_++;
    return true;
  }

  Result<RunCondition> Joined(RunCondition::Kind kind, size_t depth) {
    bool either = kind == RunCondition::Kind::kOr;
    RunCondition first = TRY(either ? Joined(RunCondition::Kind::kAnd, depth) : One(depth));
    RunCondition joined{.kind = kind};
    joined.parts.push_back(std::move(first));
    while (TakeWord(either ? "or" : "and")) {
      joined.parts.push_back(TRY(either ? Joined(RunCondition::Kind::kAnd, depth) : One(depth)));
    }
    if (joined.parts.size() == 1) return std::move(joined.parts[0]);
    return joined;
  }
  Result<RunCondition> Either(size_t depth) { return Joined(RunCondition::Kind::kOr, depth); }

  Result<RunCondition> One(size_t depth) {
    if (depth > kDeepest) return QueryError(what_, "more than 16 levels of nesting", Here());
    if (TakeWord("not")) {
      RunCondition inverse{.kind = RunCondition::Kind::kNot};
      inverse.parts.push_back(TRY(One(depth + 1)));
      return inverse;
    }
    if (!Take("(")) return Comparison();
    RunCondition inner = TRY(Either(depth + 1));
    if (!Take(")")) return Expected("')'");
    return inner;
  }

  Result<RunCondition> Comparison() {
    if (++comparisons_ > kMostComparisons) {
      return QueryError(what_, "more than 64 comparisons", Here());
    }
    RunCondition compare{.kind = RunCondition::Kind::kCompare};
    compare.field = TRY(Field());
    compare.op = TRY(Operator(compare.field));
    if (compare.op == CompareOp::kExists) return compare;
    if (compare.op != CompareOp::kIn) {
      compare.values.push_back(TRY(Literal(compare.field, compare.op)));
      return compare;
    }
    if (!Take("(")) return Expected("'(' and a list of values");
    do {
      compare.values.push_back(TRY(Literal(compare.field, compare.op)));
    } while (Take(","));
    if (!Take(")")) return Expected("',' or ')'");
    if (compare.values.size() <= 1000) return compare;
    return QueryError(what_, "more than 1000 values in one list", Here());
  }

  Result<CompareOp> Operator(const RunField& field) {
    const std::pair<std::string_view, CompareOp> known[] = {
        {"=", CompareOp::kEqual},    {"!=", CompareOp::kNotEqual},
        {"<", CompareOp::kLess},     {"<=", CompareOp::kLessEqual},
        {">", CompareOp::kGreater},  {">=", CompareOp::kGreaterEqual},
        {"~", CompareOp::kContains},
    };
    for (const auto& [text, op] : known) {
      bool textual = op != CompareOp::kContains || !NeedsNumber(field);
      if (textual && Take(text)) return op;
    }
    if (TakeWord("in")) return CompareOp::kIn;
    const QueryToken& next = Here();
    bool over = next.kind == Kind::kEnd || IsOperator(next, ")") || IsBareWord(next, "and") ||
                IsBareWord(next, "or");
    if (over) return CompareOp::kExists;
    if (NeedsNumber(field)) return Expected("one of = != < <= > >= in");
    return Expected("one of = != < <= > >= ~ in");
  }

  static bool NeedsNumber(const RunField& field) {
    if (field.is_metric()) return true;
    return field.kind == RunFieldKind::kAttribute &&
           (IsNumberAttribute(field.name) || IsTimeAttribute(field.name));
  }

  Result<RunLiteral> Literal(const RunField& field, CompareOp op) {
    const QueryToken& token = Here();
    if (token.kind != Kind::kWord && token.kind != Kind::kQuoted) return Expected("a value");
    RunLiteral literal{token.text, std::nullopt};
    bool time = field.kind == RunFieldKind::kAttribute && IsTimeAttribute(field.name);
    if (time) {
      literal.number = TimeOf(token.text);
      if (!literal.number) return Expected("a time like \"2026-11-21T12:00:00Z\"");
    } else if (token.kind == Kind::kWord && op != CompareOp::kContains) {
      literal.number = NumberOf(token.text);
    }
    if (!literal.number && NeedsNumber(field)) return Expected("a number");
    at_++;
    return literal;
  }

  Result<RunField> Field() {
    if (Here().kind != Kind::kWord) return Expected("a field");
    bool call = IsOperator(Ahead(), "(");
    for (auto [name, kind] :
         {std::pair("last", RunFieldKind::kMetricLast), std::pair("min", RunFieldKind::kMetricMin),
          std::pair("max", RunFieldKind::kMetricMax)}) {
      if (!call || !IsBareWord(Here(), name)) continue;
      at_ += 2;
      RunField field = TRY(Named());
      if (!field.is_metric()) return Expected("a metric within the parentheses");
      field.kind = kind;
      if (!Take(")")) return Expected("')'");
      return field;
    }
    return Named();
  }

  Result<RunField> Named() {
    const QueryToken& word = Here();
    for (auto [prefix, kind] :
         {std::pair("metrics.", RunFieldKind::kMetricLast),
          std::pair("params.", RunFieldKind::kParam), std::pair("tags.", RunFieldKind::kTag),
          std::pair("properties.", RunFieldKind::kProperty)}) {
      if (word.kind != Kind::kWord || !word.text.starts_with(prefix)) continue;
      std::string name = word.text.substr(std::string_view(prefix).size());
      at_++;
      bool quoted =
          name.empty() && Here().kind == Kind::kQuoted && Here().at == word.at + word.text.size();
      if (quoted) name = tokens_[at_++].text;
      if (name.empty()) return Expected("a name directly after the dot");
      return RunField{kind, name};
    }
    for (const std::string& attribute : RunAttributes()) {
      if (word.kind != Kind::kWord || word.text != attribute) continue;
      at_++;
      return RunField{RunFieldKind::kAttribute, attribute};
    }
    std::string expected(kFieldHelp);
    return Expected(expected + Join(RunAttributes(), ", "));
  }

  std::vector<QueryToken> tokens_;
  std::string_view what_;
  size_t at_ = 0;
  size_t comparisons_ = 0;
};

}  // namespace

const std::vector<std::string>& RunAttributes() {
  static const std::vector<std::string> names = {"id",         "name",    "number", "status",
                                                 "experiment", "type",    "target", "parent",
                                                 "created",    "started", "ended",  "duration"};
  return names;
}

bool IsTimeAttribute(std::string_view name) {
  return name == "created" || name == "started" || name == "ended";
}
bool IsNumberAttribute(std::string_view name) { return name == "number" || name == "duration"; }

Result<RunCondition> ParseRunFilter(std::string_view text) {
  return Parser(TRY(SplitQuery(text, "filter")), "filter").Filter();
}

Result<RunSort> ParseRunSort(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return RunSort{};
  bool descending = text[0] == '-';
  if (descending) text.remove_prefix(1);
  return Parser(TRY(SplitQuery(text, "sort")), "sort").Sort(descending);
}

}  // namespace rw::model
