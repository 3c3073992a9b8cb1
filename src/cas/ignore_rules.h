// Which files a snapshot leaves out: the syntax and meaning of gitignore(5) for one file in the
// root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rw::cas {

class IgnoreRules {
 public:
  /// No rules: only `.git` is left out.
  IgnoreRules() = default;
  /// The text of `.amlignore` or `.gitignore`. Any text is fine: a pattern that cannot match never
  /// does.
  static IgnoreRules Parse(std::string_view text);

  /// Is this very path left out by the last rule that matches it? `path` is relative to the root,
  /// '/' between names. For a walk from the top, which does not enter excluded folders.
  bool Excludes(std::string_view path, bool is_folder) const;
  /// The same where nothing is known about the folders above: nothing below an excluded folder is
  /// in.
  bool ExcludesWithParents(std::string_view path, bool is_folder) const;

 private:
  enum class Kind { kLiteral, kSuffix, kGlob };
  struct Rule {
    std::string pattern;  // of kSuffix: what follows the '*'
    Kind kind = Kind::kGlob;
    bool negated = false;
    bool folders_only = false;
    bool anchored = false;  // matched against the whole path, else against the last name
  };
  static bool ParseLine(std::string_view line, Rule* rule);
  static bool Matches(const Rule& rule, std::string_view path, std::string_view name);

  std::vector<Rule> rules_;
};

/// git's wildmatch. With `pathname`, '*', '?' and classes do not match '/', and '**' between
/// slashes matches any number of folders.
bool GlobMatches(std::string_view pattern, std::string_view text, bool pathname);

}  // namespace rw::cas
