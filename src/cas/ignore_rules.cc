#include "cas/ignore_rules.h"

namespace rw::cas {
namespace {

bool HasSpecial(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

/// Spaces at the end go unless a backslash stands before them.
std::string_view TrimSpaces(std::string_view line) {
  size_t keep = 0;
  for (size_t i = 0; i < line.size(); i++) {
    bool escaped = line[i] == '\\';
    if (escaped) i++;
    if (escaped || line[i] != ' ') keep = i + 1;
  }
  return line.substr(0, keep);
}

std::string_view NameOf(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

IgnoreRules IgnoreRules::Parse(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  IgnoreRules out;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    Rule rule;
    if (ParseLine(line, &rule)) out.rules_.push_back(std::move(rule));
  }
  return out;
}

bool IgnoreRules::ParseLine(std::string_view line, Rule* rule) {
  if (line.empty() || line[0] == '#') return false;
  if (line.back() == '\r') line.remove_suffix(1);
  line = TrimSpaces(line.substr(0, line.find('\0')));
  rule->negated = !line.empty() && line[0] == '!';
  if (rule->negated) line.remove_prefix(1);
  rule->folders_only = !line.empty() && line.back() == '/';
  if (rule->folders_only) line.remove_suffix(1);
  rule->anchored = line.find('/') != std::string_view::npos;
  if (rule->anchored && line[0] == '/') line.remove_prefix(1);
  if (line.empty()) return false;
  rule->pattern = line;
  if (!HasSpecial(line)) {
    rule->kind = Kind::kLiteral;
  } else if (!rule->anchored && line[0] == '*' && !HasSpecial(line.substr(1))) {
    rule->kind = Kind::kSuffix;
    rule->pattern = line.substr(1);
  }
  return true;
}

bool IgnoreRules::Matches(const Rule& rule, std::string_view path, std::string_view name) {
  std::string_view text = rule.anchored ? path : name;
  switch (rule.kind) {
    case Kind::kLiteral:
      return text == rule.pattern;
    case Kind::kSuffix:
      return text.ends_with(rule.pattern);
    case Kind::kGlob:
      return GlobMatches(rule.pattern, text, rule.anchored);
  }
  return false;
}

bool IgnoreRules::Excludes(std::string_view path, bool is_folder) const {
  std::string_view name = NameOf(path);
  if (name == ".git") return true;
  for (size_t i = rules_.size(); i-- > 0;) {
    const Rule& rule = rules_[i];
    if (rule.folders_only && !is_folder) continue;
    if (Matches(rule, path, name)) return !rule.negated;
  }
  return false;
}

bool IgnoreRules::ExcludesWithParents(std::string_view path, bool is_folder) const {
  for (size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1))
    if (Excludes(path.substr(0, slash), true)) return true;
  return Excludes(path, is_folder);
}

}  // namespace rw::cas
