#include "env/spec.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "env/python_version.h"
#include "env/requirement.h"
#include "env/spec_members.h"
#include "env/spec_text.h"

namespace rw::env {
namespace {
constexpr size_t kMostRequirements = 5000;

const std::vector<std::string> kMembers = {
    "kind",      "interpreter_path", "python",     "requirements", "constraints",
    "index_url", "extra_index_urls", "find_links", "credentials",  "conda_packages",
    "channels",  "framework",        "resolver",   "image"};
const std::vector<std::string> kPackageMembers = {"python",      "requirements",     "constraints",
                                                  "index_url",   "extra_index_urls", "find_links",
                                                  "credentials", "conda_packages",   "channels"};
/// May be present, say nothing about what is installed.
const std::vector<std::string> kIgnored = {"name",   "version", "environment_variables",
                                           "docker", "env_id",  "build_id"};
constexpr const char* kKinds = "\"pip\", \"conda\" or \"interpreter\"";

Status CheckMembers(const json::Object& object) {
  for (const auto& [key, value] : object) {
    if (std::find(kMembers.begin(), kMembers.end(), key) != kMembers.end()) continue;
    if (std::find(kIgnored.begin(), kIgnored.end(), key) != kIgnored.end()) continue;
    auto near = NearMatches(key, kMembers, 1);
    return InvalidSpec("environment has no member \"" + key + "\"" +
                           (near.empty() ? "" : ": did you mean " + near[0] + "?") +
                           " Known: " + Join(kMembers, ", "),
                       key);
  }
  return Ok();
}

Status ReadRequirements(const json::Value& value, EnvironmentSpec& spec) {
  std::vector<std::string> lines = TRY(BoundedList(value, "requirements", kMostRequirements));
  std::set<std::string> kept;
  std::set<std::string> names;
  for (size_t i = 0; i < lines.size(); i++) {
    auto requirement = TRY(ParseRequirement(lines[i], i));
    if (!requirement) continue;
    if (AnsweredBySdk(requirement->name)) {
      spec.answered.push_back(requirement->canonical);
      continue;
    }
    kept.insert(requirement->canonical);
    if (!requirement->name.empty()) names.insert(requirement->name);
  }
  spec.requirements.assign(kept.begin(), kept.end());
  spec.names.assign(names.begin(), names.end());
  return Ok();
}

/// Constraints only bound versions, so they are names with versions.
Status ReadConstraints(const json::Value& value, EnvironmentSpec& spec) {
  std::vector<std::string> lines = TRY(BoundedList(value, "constraints", kMostRequirements));
  std::set<std::string> kept;
  for (size_t i = 0; i < lines.size(); i++) {
    auto requirement = TRY(ParseRequirement(lines[i], i, "constraints"));
    if (!requirement) continue;
    std::string field = "constraints[" + std::to_string(i) + "]";
    if (requirement->name.empty() || !requirement->extras.empty() || !requirement->url.empty())
      return InvalidSpec(field + " is no constraint: write a name with versions, numpy<1.24",
                         field);
    if (!AnsweredBySdk(requirement->name)) kept.insert(requirement->canonical);
  }
  spec.constraints.assign(kept.begin(), kept.end());
  return Ok();
}

bool IsSet(const json::Value& member) {
  if (member.is_string()) return !Trim(member.as_string()).empty();
  if (member.is_array()) return !member.as_array().empty();
  return !member.is_null();
}

Result<EnvironmentSpec> ParsePackages(const json::Value& value, EnvironmentSpec::Kind kind) {
  EnvironmentSpec spec;
  spec.kind = kind;
  if (!TRY(CleanText(value, "interpreter_path")).empty())
    return InvalidSpec(
        "interpreter_path goes with kind interpreter; kinds pip and conda have python (a version)",
        "interpreter_path");
  spec.interpreter_path.clear();
  spec.python = TRY(CleanText(value, "python"));
  if (!spec.python.empty() && !ParseVersion(spec.python))
    return InvalidSpec("python \"" + spec.python + "\" is no version: write 3.8 or 3.8.18",
                       "python");
  TRY(ReadRequirements(value, spec));
  TRY(ReadConstraints(value, spec));
  spec.index_url = TRY(CleanText(value, "index_url"));
  if (!spec.index_url.empty()) TRY(CheckLocation(spec.index_url, "index_url", false));
  spec.extra_index_urls = TRY(Locations(value, "extra_index_urls", false));
  spec.find_links = TRY(Locations(value, "find_links", true));
  spec.credentials = TRY(ReadCredentials(value));
  if (kind == EnvironmentSpec::Kind::kConda) {
    TRY(ReadConda(value, spec));
    return spec;
  }
  for (const char* key : {"conda_packages", "channels"})
    if (IsSet(value[key])) return InvalidSpec(std::string(key) + " goes with kind conda", key);
  return spec;
}

Result<EnvironmentSpec> ParseInterpreter(const json::Value& value) {
  EnvironmentSpec spec;
  for (const std::string& key : kPackageMembers)
    if (IsSet(value[key]))
      return InvalidSpec(key +
                             " goes with kinds pip and conda: kind interpreter uses an existing "
                             "Python as it is and installs nothing",
                         key);
  std::string path = TRY(CleanText(value, "interpreter_path"));
  if (!path.empty()) spec.interpreter_path = path;
  return spec;
}

Result<EnvironmentSpec> ParseKind(const json::Value& value) {
  std::string kind = TRY(CleanText(value, "kind"));
  if (kind == "pip") return ParsePackages(value, EnvironmentSpec::Kind::kPip);
  if (kind == "conda") return ParsePackages(value, EnvironmentSpec::Kind::kConda);
  bool plain = kind.empty() && std::none_of(kPackageMembers.begin(), kPackageMembers.end(),
                                            [&](const auto& key) { return IsSet(value[key]); });
  if (kind == "interpreter" || plain) return ParseInterpreter(value);
  return InvalidSpec(kind.empty() ? std::string("kind is missing: ") + kKinds
                                  : "kind \"" + kind + "\" is unknown: " + kKinds,
                     "kind");
}
}  // namespace

Result<EnvironmentSpec> ParseSpec(const json::Value& value) {
  if (value.is_null()) return EnvironmentSpec();
  if (!value.is_object()) return InvalidSpec("environment must be an object", "environment");
  TRY(CheckMembers(value.as_object()));
  EnvironmentSpec spec = TRY(ParseKind(value));
  spec.framework = TRY(ReadFramework(value));
  spec.resolver = TRY(ReadResolver(value));
  spec.image = TRY(ReadImage(value));
  return spec;
}

}  // namespace rw::env
