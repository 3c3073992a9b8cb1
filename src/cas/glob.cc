#include <cctype>

#include "cas/ignore_rules.h"

namespace rw::cas {
namespace {

enum class Outcome {
  kMatch,
  kNoMatch,
  kAbortAll,         // no choice further left can match either
  kAbortToStarStar,  // only a '**' further left can
};

constexpr bool IsSpecial(unsigned char c) {
  return c == '*' || c == '?' || c == '[' || c == '\\' || c == 0;
}

struct NamedClass {
  std::string_view name;
  int (*contains)(int);
};
constexpr NamedClass kNamedClasses[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
    {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
    {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};

class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view text, bool pathname)
      : pattern_(pattern), text_(text), pathname_(pathname) {}

  Outcome Match(size_t p, size_t t) const {
    for (; P(p) != 0; p++, t++) {
      unsigned char c = P(p);
      if (T(t) == 0 && c != '*') return Outcome::kAbortAll;
      if (c == '*') return Star(p, t);
      if (c == '?') {
        if (pathname_ && T(t) == '/') return Outcome::kNoMatch;
      } else if (c == '[') {
        Outcome outcome = Class(&p, T(t));
        if (outcome != Outcome::kMatch) return outcome;
      } else {
        if (c == '\\') c = P(++p);
        if (c != T(t)) return Outcome::kNoMatch;
      }
    }
    return T(t) == 0 ? Outcome::kMatch : Outcome::kNoMatch;
  }

 private:
  unsigned char P(size_t i) const {
    return i < pattern_.size() ? static_cast<unsigned char>(pattern_[i]) : 0;
  }
  unsigned char T(size_t i) const {
    return i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0;
  }

  /// `p` is at the first '*' of a run.
  Outcome Star(size_t p, size_t t) const {
    size_t begin = p;
    while (P(p) == '*') p++;
    bool cross = !pathname_;
    bool between_slashes = (begin == 0 || P(begin - 1) == '/') &&
                           (P(p) == 0 || P(p) == '/' || (P(p) == '\\' && P(p + 1) == '/'));
    if (pathname_ && p - begin > 1 && between_slashes) {
      if (P(p) == '/' && Match(p + 1, t) == Outcome::kMatch) return Outcome::kMatch;
      cross = true;
    }
    bool slash_left = t < text_.size() && text_.find('/', t) != std::string_view::npos;
    if (P(p) == 0) return cross || !slash_left ? Outcome::kMatch : Outcome::kAbortToStarStar;
    return StarThenMore(p, t, cross);
  }

  /// `p` is behind the run of '*': tries every length of text that the run may stand for.
  Outcome StarThenMore(size_t p, size_t t, bool cross) const {
    for (; T(t) != 0; t++) {
      if (!IsSpecial(P(p))) {
        while (T(t) != 0 && T(t) != P(p) && (cross || T(t) != '/')) t++;
        if (T(t) != P(p)) return cross ? Outcome::kAbortAll : Outcome::kAbortToStarStar;
      }
      Outcome outcome = Match(p, t);
      if (outcome != Outcome::kNoMatch && (!cross || outcome != Outcome::kAbortToStarStar))
        return outcome;
      if (!cross && T(t) == '/') return Outcome::kAbortToStarStar;
    }
    return Outcome::kAbortAll;
  }

  /// `*p` is at the '[' and is left at the ']'.
  Outcome Class(size_t* p, unsigned char c) const {
    size_t i = *p + 1;
    bool negated = P(i) == '!' || P(i) == '^';
    if (negated) i++;
    bool matched = false;
    unsigned char previous = 0;
    for (bool first = true; first || P(i) != ']'; i++, first = false) {
      unsigned char low = P(i);
      if (low == 0) return Outcome::kAbortAll;
      if (low == '-' && previous != 0 && P(i + 1) != 0 && P(i + 1) != ']') {
        if (P(++i) == '\\' && P(++i) == 0) return Outcome::kAbortAll;
        matched |= previous <= c && c <= P(i);
        previous = 0;
        continue;
      }
      if (low == '[' && P(i + 1) == ':') {
        size_t end = pattern_.find(']', i + 2);
        if (end == std::string_view::npos) return Outcome::kAbortAll;
        if (end > i + 2 && pattern_[end - 1] == ':') {
          int in = InNamedClass(pattern_.substr(i + 2, end - i - 3), c);
          if (in < 0) return Outcome::kAbortAll;
          matched |= in == 1;
          previous = 0;
          i = end;
          continue;
        }
      }
      if (low == '\\' && (low = P(++i)) == 0) return Outcome::kAbortAll;
      matched |= low == c;
      previous = low;
    }
    *p = i;
    if (matched == negated || (pathname_ && c == '/')) return Outcome::kNoMatch;
    return Outcome::kMatch;
  }

  /// -1 for a name that is no class.
  static int InNamedClass(std::string_view name, unsigned char c) {
    for (const NamedClass& known : kNamedClasses)
      if (known.name == name) return c < 0x80 && known.contains(c) ? 1 : 0;
    return -1;
  }

  std::string_view pattern_;
  std::string_view text_;
  bool pathname_;
};

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text, bool pathname) {
  return Matcher(pattern, text, pathname).Match(0, 0) == Outcome::kMatch;
}

}  // namespace rw::cas
