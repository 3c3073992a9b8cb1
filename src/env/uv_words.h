// Reading what uv says when it fails.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/uv_screen.h"

namespace rw::env {

enum class UvFailure {
  kConnection,  // nobody was reached: the cache may do
  kTransient,   // reached, but it broke off or answered 5xx or 429: again may do
  kNoSpace,
  kOther,  // the requirements' own fault, mostly
};

UvFailure Classify(std::string_view words);

/// "203/475 MB", "0.8/3.1 MB".
std::string AmountText(uint64_t done, uint64_t total);

/// What uv is doing, told from what it says.
class UvSteps {
 public:
  /// In a few words, after it said `line`: "downloading tensorflow (475.2MiB)", "installing 41
  /// packages"; "" where the line says nothing new.
  std::string After(std::string_view line);
  /// "downloading tensorflow 203/475 MB": where it is known how far downloads are.
  std::string Fetching(const std::vector<Download>& downloads);

 private:
  struct Fetched {
    uint64_t total = 0;
    std::string text;  // "(475.2MiB)", "203/475 MB"
  };
  std::string Downloading() const;
  std::map<std::string, Fetched> downloading_;  // by name
};

/// The innermost cause: "failed to lookup address information: …".
std::string CauseOf(std::string_view words);

/// As a whole name: "six" is not in "sixteen" or "six-extra".
bool Mentions(std::string_view text, std::string_view name);

/// "Failed to build `six==1.0`" → "six", "1.0"; empty where the words say nothing of the kind.
std::string BlamedPackage(std::string_view words);
std::string BlamedVersion(std::string_view words);

/// The error for the user: the packages concerned (of `names`, the spec's) and uv's own last lines.
/// `what`: "resolve" or "install".
Error UvError(std::string_view what, std::string_view words, const std::vector<std::string>& names);

}  // namespace rw::env
