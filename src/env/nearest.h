// Requirements on their way from what was asked for to what can be installed. Pure: what a resolver
// says comes in, what to ask it next goes out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/requirement.h"
#include "env/spec.h"

namespace rw::env {

class Nearest {
 public:
  /// `python`: "3.11.7", for what people read.
  Nearest(const EnvironmentSpec& spec, std::string_view python);

  /// What to resolve now.
  std::vector<std::string> Lines() const;
  /// Packages whose sources do not build: only wheels of them count.
  const std::vector<std::string>& only_binary() const { return only_binary_; }

  /// Those that `words` mention and that are as asked for.
  std::vector<size_t> Suspects(std::string_view words) const;
  /// The requirement of this package, as asked for or replaced.
  std::optional<size_t> Find(std::string_view name) const;
  /// As asked for, alone.
  std::string LineOf(size_t i) const { return items_[i].asked.canonical; }
  const std::string& NameOf(size_t i) const { return items_[i].asked.name; }

  /// What asks for the versions above or below those asked for; nothing where no version was.
  std::optional<std::string> Newer(size_t i) const;
  std::optional<std::string> Older(size_t i) const;

  /// `version` takes the place of what was asked for.
  void Replace(size_t i, const std::string& version, std::string reason);
  /// What took a place need not be the very nearest; false where nothing mentioned did.
  bool Loosen(std::string_view words);
  /// Only wheels of a package that nobody asked for by name; false where that is so already.
  bool OnlyWheels(const std::string& name, const std::string& version, std::string reason);

  bool replaced() const;
  /// "pillow==5.4.1 → pillow==9.2.0: …", with the versions of the lock; where there is none ("")
  /// with those taken so far.
  std::vector<std::string> Warnings(std::string_view lock) const;

  /// Why it cannot be installed, of a resolver's words: "no wheel for Python 3.11, …".
  std::string ReasonOf(std::string_view words) const;

 private:
  struct Item {
    Requirement asked;
    std::string version;  // empty: as asked for
    bool loose = false;
    std::string reason;
  };
  struct Unasked {
    std::string name;
    std::string version;
    std::string reason;
  };
  std::vector<Item> items_;
  std::vector<std::string> others_;  // URLs, paths, editables: as they are
  std::vector<std::string> only_binary_;
  std::vector<Unasked> unasked_;
  std::string python_;  // "3.11"
};

/// The words say that the version, or the package, was never there: nothing to replace.
bool NeverWas(std::string_view words);
/// "name==version" of the line of a lock for this package.
std::string VersionIn(std::string_view lock, std::string_view name);

}  // namespace rw::env
