// Release numbers and ranges of package versions, as far as profiles need them (PEP 440's release
// segment; what follows it does not count).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::env {

/// "1.13.0a0+git" → {1, 13, 0}; missing parts count as 0.
using Release = std::vector<int>;

/// Empty where the text begins with no number.
Release ParseRelease(std::string_view text);
/// Below 0: a is older.
int CompareReleases(const Release& a, const Release& b);

/// What a requirement's versions come to: the newest that they allow.
struct Wanted {
  Release release;     // of ==1.4.0, ==1.4.*, ~=1.4, <=1.4, <1.4; empty: whatever is newest
  bool below = false;  // "<1.4": not 1.4 itself
  std::string text;    // "1.4.0", without a local version
  bool newest() const { return release.empty(); }
};

Wanted WantedOf(std::string_view specifiers);

/// ">=1,<2": comma-separated bounds of >=, >, <=, <, ==, !=; "" is everything.
class ReleaseRange {
 public:
  /// kInvalidArgument says which bound cannot be read.
  static Result<ReleaseRange> Parse(std::string_view text);
  bool Contains(const Release& release) const;
  /// Everything that `wanted` may come to is in it; its newest for a bare name.
  bool Contains(const Wanted& wanted) const;
  bool everything() const { return bounds_.empty(); }

 private:
  struct Bound {
    std::string op;
    Release release;
    bool prefix = false;  // "==1.4.*"
  };
  std::vector<Bound> bounds_;
};

/// The versions of a requirement ("==1.4.0", ">=1,<2") allow `version`; false for what is not
/// understood ("===x").
bool Allows(std::string_view specifiers, std::string_view version);

}  // namespace rw::env
