// Requirement lines (PEP 508): read, checked and brought into one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::env {

struct Requirement {
  /// Lower case, runs of "-_." as one "-"; empty for a bare URL or path.
  std::string name;
  /// The whole requirement in one spelling: no comment, no needless whitespace.
  std::string canonical;
  // The parts of `canonical`; all empty for a bare URL, path or editable.
  std::string extras;      // "[a,b]"
  std::string specifiers;  // ">=1,<2"
  std::string url;         // after '@'
  std::string marker;      // after ';'
  bool editable = false;   // "-e LOCATION"
};

/// `index` counts from 0 and names the line in errors ("requirements[2]"; `member` is what stands
/// before the bracket). nullopt for a blank line or a comment. kInvalidArgument for options other
/// than -e (`--index-url …`), control characters, relative paths and text that is no requirement;
/// passwords in URLs are masked in the message.
Result<std::optional<Requirement>> ParseRequirement(std::string_view line, size_t index,
                                                    std::string_view member = "requirements");

/// "Foo__Bar" → "foo-bar".
std::string CanonicalName(std::string_view name);

/// Distributions whose modules every run finds without installing them: `azureml-*` and
/// `runwright`.
bool AnsweredBySdk(std::string_view canonical_name);

}  // namespace rw::env
