#include "env/release.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace rw::env {
namespace {
constexpr std::array<std::string_view, 7> kOperators = {"==", ">=", "<=", "!=", "~=", ">", "<"};
constexpr size_t kMostParts = 8;

struct Specifier {
  std::string_view op;
  std::string version;
};

/// Empty where one of them cannot be read.
std::optional<std::vector<Specifier>> SplitSpecifiers(std::string_view text) {
  std::vector<Specifier> out;
  if (Trim(text).empty()) return out;
  for (const std::string& part : Split(text, ',')) {
    std::string_view one = Trim(part);
    auto op = std::find_if(kOperators.begin(), kOperators.end(),
                           [&](std::string_view candidate) { return one.starts_with(candidate); });
    if (op == kOperators.end() || one.starts_with("===")) return std::nullopt;
    out.push_back({*op, std::string(Trim(one.substr(op->size())))});
    if (ParseRelease(out.back().version).empty()) return std::nullopt;
  }
  return out;
}

bool HasPrefix(const Release& release, const Release& prefix) {
  for (size_t i = 0; i < prefix.size(); i++)
    if ((i < release.size() ? release[i] : 0) != prefix[i]) return false;
  return true;
}
}  // namespace

Release ParseRelease(std::string_view text) {
  text = Trim(text);
  size_t epoch = text.find('!');
  if (epoch != std::string_view::npos) text.remove_prefix(epoch + 1);
  if (text.starts_with('v')) text.remove_prefix(1);
  Release out;
  while (!text.empty() && out.size() < kMostParts) {
    size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 9) break;
    out.push_back(static_cast<int>(ParseInt(text.substr(0, digits)).value_or(0)));
    text.remove_prefix(digits);
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return out;
}

int CompareReleases(const Release& a, const Release& b) {
  for (size_t i = 0; i < std::max(a.size(), b.size()); i++) {
    int left = i < a.size() ? a[i] : 0;
    int right = i < b.size() ? b[i] : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

Wanted WantedOf(std::string_view specifiers) {
  Wanted out;
  auto parts = SplitSpecifiers(specifiers);
  if (!parts) return out;
  for (const Specifier& part : *parts) {
    if (part.op == ">=" || part.op == ">" || part.op == "!=") continue;
    Release release = ParseRelease(part.version);
    if (!out.newest() && CompareReleases(out.release, release) <= 0) continue;
    out.below = part.op == "<";
    out.text = part.version.substr(0, part.version.find('+'));
    if (out.text.ends_with(".*")) out.text.resize(out.text.size() - 2);
    out.release = std::move(release);
  }
  return out;
}

Result<ReleaseRange> ReleaseRange::Parse(std::string_view text) {
  ReleaseRange out;
  auto parts = SplitSpecifiers(text);
  if (!parts)
    return Error(Code::kInvalidArgument, "\"" + std::string(text) +
                                             "\" is no range of versions: write >=1.2,<2 with the "
                                             "operators >=, >, <=, <, ==, !=");
  for (const Specifier& part : *parts) {
    if (part.op == "~=")
      return Error(Code::kInvalidArgument,
                   "\"" + std::string(text) + "\" has ~=: write >= and < instead");
    out.bounds_.push_back(
        {std::string(part.op), ParseRelease(part.version), part.version.ends_with(".*")});
  }
  return out;
}

bool ReleaseRange::Contains(const Release& release) const {
  return std::all_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
    int order = CompareReleases(release, bound.release);
    if (bound.op == "==") return bound.prefix ? HasPrefix(release, bound.release) : order == 0;
    if (bound.op == "!=") return bound.prefix ? !HasPrefix(release, bound.release) : order != 0;
    if (bound.op == ">=") return order >= 0;
    if (bound.op == ">") return order > 0;
    return bound.op == "<=" ? order <= 0 : order < 0;
  });
}

bool ReleaseRange::Contains(const Wanted& wanted) const {
  return std::all_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
    if (wanted.newest()) return bound.op == ">=" || bound.op == ">" || bound.op == "!=";
    int order = CompareReleases(wanted.release, bound.release);
    // "<2" comes to something just below 2.
    if (wanted.below && order == 0) return bound.op == "<" || bound.op == "<=" || bound.op == "!=";
    ReleaseRange one;
    one.bounds_ = {bound};
    return one.Contains(wanted.release);
  });
}

bool Allows(std::string_view specifiers, std::string_view version) {
  auto parts = SplitSpecifiers(specifiers);
  if (!parts) return false;
  Release have = ParseRelease(version);
  return std::all_of(parts->begin(), parts->end(), [&](const Specifier& part) {
    if (part.op == "~=") {
      Release least = ParseRelease(part.version);
      Release prefix(least.begin(), least.end() - (least.size() > 1 ? 1 : 0));
      return CompareReleases(have, least) >= 0 && HasPrefix(have, prefix);
    }
    auto range = ReleaseRange::Parse(std::string(part.op) + part.version);
    return range && range->Contains(have);
  });
}

}  // namespace rw::env
