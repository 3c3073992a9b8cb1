#include "env/profile_hash.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "env/realise.h"
#include "env/requirement.h"

namespace rw::env {
namespace {

std::string NameOf(const std::string& text) {
  size_t channel = text.rfind(':');  // "conda-forge::numpy"
  std::string_view name = text;
  if (channel != std::string::npos && text.find("::") != std::string::npos)
    name.remove_prefix(channel + 1);
  return CanonicalName(name.substr(0, name.find_first_of("=<>!~@[ ;")));
}

/// What rules may speak of.
std::set<std::string> NamesOf(const EnvironmentSpec& spec, const FrameworkProfile* profile) {
  std::set<std::string> out(spec.names.begin(), spec.names.end());
  for (const std::string& one : spec.conda_packages) out.insert(NameOf(one));
  if (profile == nullptr || spec.framework.name.empty()) return out;
  out.insert(profile->package);
  for (const std::string& line : profile->packages) out.insert(NameOf(line));
  return out;
}
}  // namespace

std::string ProfileHash(const EnvironmentSpec& spec, const Profiles& profiles,
                        const std::vector<std::string>& packages) {
  std::string said = "runwright-profiles-1\n";
  auto add = [&](const std::string& text) { said.append(text).append("\n"); };
  const FrameworkProfile* profile = ProfileFor(spec, profiles);
  if (profile != nullptr) add(profile->text);
  for (const ImageRule& rule : profiles.images)
    if (!spec.image.name.empty() && MatchesPattern(rule.pattern, spec.image.name)) add(rule.text);
  std::set<std::string> names = NamesOf(spec, profile);
  for (const PackageRule& rule : profiles.packages)
    if (std::any_of(names.begin(), names.end(),
                    [&](const std::string& name) { return MatchesPattern(rule.package, name); }))
      add(rule.text);
  std::set<std::string> locked;
  for (const std::string& package : packages) locked.insert(NameOf(package));
  for (const ShimRule& rule : profiles.shims)
    if (locked.contains(rule.package)) add(rule.text);
  return Sha256Hex(said);
}

}  // namespace rw::env
