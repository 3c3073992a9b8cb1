#include "env/requirement.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/strings.h"
#include "env/requirement_marker.h"
#include "env/secrets.h"

namespace rw::env {
namespace {
constexpr size_t kMostBytes = 4096;
constexpr std::array<std::string_view, 8> kOperators = {
    "===", "~=", "==", "!=", "<=", ">=", "<", ">"};
constexpr std::array<std::string_view, 7> kSchemes = {
    "https://", "http://", "file://", "git+https://", "git+http://", "git+ssh://", "git+file://"};

bool IsSpace(char c) { return c == ' ' || c == '\t'; }
bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 && (c & 0x80) == 0; }
bool IsNameChar(char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; }
bool IsVersionChar(char c) { return IsNameChar(c) || c == '*' || c == '+' || c == '!'; }

bool HasKnownScheme(std::string_view text) {
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](std::string_view scheme) { return text.starts_with(scheme); });
}

/// pip's rule: '#' begins a comment at the start or after whitespace (elsewhere it is a URL's
/// fragment).
std::string_view WithoutComment(std::string_view line) {
  for (size_t i = 0; i < line.size(); i++)
    if (line[i] == '#' && (i == 0 || IsSpace(line[i - 1]))) return line.substr(0, i);
  return line;
}

class Parser {
 public:
  Parser(std::string_view text, std::string field) : text_(text), field_(std::move(field)) {}

  Result<Requirement> Run() {
    for (std::string_view option : {"-e ", "-e\t", "--editable ", "--editable\t", "--editable="})
      if (text_.starts_with(option)) return Editable(option.size());
    if (text_.front() == '-')
      return Fail("is an option, not a requirement: use index_url, extra_index_urls or find_links");
    if (HasKnownScheme(text_) || text_.front() == '/') return Unnamed();
    if (text_.front() == '.')
      return Fail(
          "is a relative path, which means nothing to the server: use an absolute path or "
          "\"name @ file:///…\"");
    return Named();
  }

 private:
  Error Fail(std::string_view why) const {
    return Error(Code::kInvalidArgument,
                 field_ + " \"" + MaskUserInfo(Utf8Lossy(text_)) + "\" " + std::string(why),
                 field_);
  }
  void SkipSpace() {
    while (pos_ < text_.size() && IsSpace(text_[pos_])) pos_++;
  }
  bool AtEnd() const { return pos_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[pos_]; }
  bool Take(char c) {
    if (Peek() != c) return false;
    pos_++;
    return true;
  }

  Result<Requirement> Named() {
    Requirement out;
    out.name = TRY(Name("a package name"));
    for (std::string_view suffix : {".whl", ".tar.gz", ".zip"})
      if (text_.substr(0, pos_).ends_with(suffix))
        return Fail("looks like a file: use its absolute path or \"name @ file:///…\"");
    out.canonical = out.name;
    SkipSpace();
    if (Peek() == '[') out.extras = TRY(Extras());
    out.canonical += out.extras;
    SkipSpace();
    if (Take('@')) {
      SkipSpace();
      out.url = TRY(Url());
      out.marker = TRY(Marker());
      out.canonical += "@" + out.url + After(" ;", out.marker);
      return out;
    }
    out.specifiers = TRY(Specifiers());
    out.marker = TRY(Marker());
    out.canonical += out.specifiers + After(";", out.marker);
    return out;
  }

  /// A folder or repository whose code is imported from where it lies.
  Result<Requirement> Editable(size_t option) {
    pos_ = option;
    SkipSpace();
    std::string_view location = text_.substr(pos_);
    if (!HasKnownScheme(location) && !location.starts_with('/'))
      return Fail(
          "must name an absolute path, a file: URL or a repository (git+https://…) after -e");
    if (location.starts_with("https://") || location.starts_with("http://"))
      return Fail("cannot be editable: -e takes an absolute path, a file: URL or a repository");
    Requirement out;
    out.editable = true;
    out.canonical = "-e " + TRY(Word());
    SkipSpace();
    if (!AtEnd()) return Unexpected();
    return out;
  }

  Result<Requirement> Unnamed() {
    Requirement out;
    if (text_.front() == '/') {
      out.canonical = TRY(Word());
    } else {
      out.canonical = TRY(Url());
    }
    out.canonical += After(" ;", TRY(Marker()));
    return out;
  }

  static std::string After(std::string_view separator, const std::string& marker) {
    return marker.empty() ? std::string() : std::string(separator) + marker;
  }

  Result<std::string> Name(std::string_view what) {
    size_t start = pos_;
    while (IsNameChar(Peek())) pos_++;
    std::string_view name = text_.substr(start, pos_ - start);
    if (name.empty() || !IsAlnum(name.front()) || !IsAlnum(name.back()))
      return Fail("has no " + std::string(what.substr(2)) + " at column " +
                  std::to_string(start + 1) + ": letters, digits, '-', '_' and '.'");
    return CanonicalName(name);
  }

  Result<std::string> Extras() {
    std::vector<std::string> extras;
    Take('[');
    SkipSpace();
    while (!Take(']')) {
      extras.push_back(TRY(Name("an extra")));
      SkipSpace();
      if (Peek() != ']' && !Take(',')) return Fail("has extras without a closing ']'");
      SkipSpace();
    }
    std::sort(extras.begin(), extras.end());
    extras.erase(std::unique(extras.begin(), extras.end()), extras.end());
    return extras.empty() ? std::string() : "[" + Join(extras, ",") + "]";
  }

  Result<std::string> Specifiers() {
    SkipSpace();
    bool parenthesised = Take('(');
    std::string out;
    SkipSpace();
    while (!AtEnd() && Peek() != ';' && Peek() != ')') {
      if (!out.empty()) {
        if (!Take(',')) return Unexpected();
        out += ',';
      }
      out += TRY(Specifier());
      SkipSpace();
    }
    if (parenthesised && !Take(')')) return Fail("has '(' without ')'");
    return out;
  }

  Result<std::string> Specifier() {
    SkipSpace();
    for (std::string_view op : kOperators) {
      if (text_.substr(pos_, op.size()) != op) continue;
      pos_ += op.size();
      SkipSpace();
      size_t start = pos_;
      while (IsVersionChar(Peek())) pos_++;
      if (pos_ == start) return Fail("lacks a version after '" + std::string(op) + "'");
      return std::string(op) + std::string(text_.substr(start, pos_ - start));
    }
    return Unexpected();
  }

  Error Unexpected() const {
    std::string column = std::to_string(pos_ + 1);
    if (Peek() == '=') return Fail("has a single '=' at column " + column + ": use '=='");
    if (text_.substr(pos_).starts_with("--"))
      return Fail("has an option at column " + column + ": only requirements can be given");
    return Fail("has unexpected text at column " + column +
                ": after the name come versions such as ==1.2 or >=1,<2");
  }

  Result<std::string> Word() {
    size_t start = pos_;
    while (!AtEnd() && !IsSpace(Peek())) pos_++;
    return std::string(text_.substr(start, pos_ - start));
  }

  Result<std::string> Url() {
    if (!HasKnownScheme(text_.substr(pos_)))
      return Fail("has a URL of an unknown kind: use https, http, file or git+https, git+ssh");
    return Word();
  }

  /// The rest of the line: nothing, or a marker.
  Result<std::string> Marker() {
    SkipSpace();
    if (AtEnd()) return std::string();
    if (!Take(';')) return Unexpected();
    auto marker = CanonicalMarker(text_.substr(pos_));
    if (!marker) return Fail("has a marker that cannot be read: " + marker.error().message());
    return *marker;
  }

  std::string_view text_;
  std::string field_;
  size_t pos_ = 0;
};
}  // namespace

std::string CanonicalName(std::string_view name) {
  std::string out;
  bool separator = false;
  for (char c : name) {
    if (c == '-' || c == '_' || c == '.') {
      separator = true;
      continue;
    }
    if (separator && !out.empty()) out += '-';
    separator = false;
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

bool AnsweredBySdk(std::string_view canonical_name) {
  return canonical_name == "runwright" || canonical_name.starts_with("azureml-");
}

Result<std::optional<Requirement>> ParseRequirement(std::string_view line, size_t index,
                                                    std::string_view member) {
  std::string field = std::string(member) + "[" + std::to_string(index) + "]";
  if (line.size() > kMostBytes)
    return Error(Code::kInvalidArgument, field + " is longer than 4096 bytes", field);
  for (char c : line)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return Error(Code::kInvalidArgument,
                   field + " \"" + MaskUserInfo(Utf8Lossy(line.substr(0, line.find(c)))) +
                       "\" holds a line break or another control character: one requirement a line",
                   field);
  if (!IsValidUtf8(line)) return Error(Code::kInvalidArgument, field + " is not UTF-8", field);
  std::string_view text = Trim(WithoutComment(line));
  if (text.empty()) return std::optional<Requirement>();
  return std::optional<Requirement>(TRY(Parser(text, field).Run()));
}

}  // namespace rw::env
