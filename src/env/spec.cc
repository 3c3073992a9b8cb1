#include "env/spec.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/hash.h"
#include "base/strings.h"
#include "env/python_version.h"
#include "env/requirement.h"
#include "env/secrets.h"

namespace rw::env {
namespace {
constexpr size_t kMostRequirements = 5000;

const std::vector<std::string> kMembers = {"kind",         "interpreter_path", "python",
                                           "requirements", "index_url",        "extra_index_urls",
                                           "find_links"};
/// May be present, say nothing about what is installed.
const std::vector<std::string> kIgnored = {"name",   "version", "environment_variables",
                                           "docker", "env_id",  "build_id"};

Error Invalid(std::string message, std::string field) {
  return Error(Code::kInvalidArgument, std::move(message), std::move(field));
}

Status CheckMembers(const json::Object& object) {
  for (const auto& [key, value] : object) {
    if (std::find(kMembers.begin(), kMembers.end(), key) != kMembers.end()) continue;
    if (std::find(kIgnored.begin(), kIgnored.end(), key) != kIgnored.end()) continue;
    auto near = NearMatches(key, kMembers, 1);
    return Invalid("environment has no member \"" + key + "\"" +
                       (near.empty() ? "" : ": did you mean " + near[0] + "?") +
                       " Known: " + Join(kMembers, ", "),
                   key);
  }
  return Ok();
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::string> CleanText(const json::Value& value, std::string_view key) {
  std::string text = TRY(json::OptionalString(value, key));
  if (HasControl(text))
    return Invalid(std::string(key) + " holds a control character", std::string(key));
  return std::string(Trim(text));
}

/// An index or a place of links: a URL, or (`paths`) an absolute folder.
Status CheckLocation(const std::string& text, const std::string& field, bool paths) {
  bool url =
      text.starts_with("https://") || text.starts_with("http://") || text.starts_with("file://");
  if (text.find_first_of(" \t,") != std::string::npos)
    return Invalid(field + " \"" + MaskUserInfo(text) + "\" holds a space or a comma", field);
  if (url || (paths && text.starts_with('/'))) return Ok();
  return Invalid(field + " \"" + MaskUserInfo(text) +
                     "\" must begin with https://, http:// or file://" +
                     (paths ? ", or be an absolute path" : ""),
                 field);
}

Result<std::vector<std::string>> Locations(const json::Value& value, const std::string& key,
                                           bool paths) {
  std::vector<std::string> out;
  for (const std::string& raw : TRY(json::OptionalStringList(value, key))) {
    std::string text(Trim(raw));
    std::string field = key + "[" + std::to_string(out.size()) + "]";
    if (text.empty()) continue;
    if (HasControl(text)) return Invalid(field + " holds a control character", field);
    TRY(CheckLocation(text, field, paths));
    out.push_back(std::move(text));
  }
  return out;
}

Status ReadRequirements(const json::Value& value, EnvironmentSpec& spec) {
  std::vector<std::string> lines = TRY(json::OptionalStringList(value, "requirements"));
  if (lines.size() > kMostRequirements)
    return Invalid("requirements has more than 5000 lines", "requirements");
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

Result<EnvironmentSpec> ParsePip(const json::Value& value) {
  EnvironmentSpec spec;
  spec.kind = EnvironmentSpec::Kind::kPip;
  if (!TRY(CleanText(value, "interpreter_path")).empty())
    return Invalid("interpreter_path goes with kind interpreter; kind pip has python (a version)",
                   "interpreter_path");
  spec.interpreter_path.clear();
  spec.python = TRY(CleanText(value, "python"));
  if (!spec.python.empty() && !ParseVersion(spec.python))
    return Invalid("python \"" + spec.python + "\" is no version: write 3.8 or 3.8.18", "python");
  TRY(ReadRequirements(value, spec));
  spec.index_url = TRY(CleanText(value, "index_url"));
  if (!spec.index_url.empty()) TRY(CheckLocation(spec.index_url, "index_url", false));
  spec.extra_index_urls = TRY(Locations(value, "extra_index_urls", false));
  spec.find_links = TRY(Locations(value, "find_links", true));
  return spec;
}

bool IsSet(const json::Value& member) {
  if (member.is_string()) return !Trim(member.as_string()).empty();
  if (member.is_array()) return !member.as_array().empty();
  return !member.is_null();
}

Result<EnvironmentSpec> ParseInterpreter(const json::Value& value) {
  EnvironmentSpec spec;
  for (const char* key : {"python", "requirements", "index_url", "extra_index_urls", "find_links"})
    if (IsSet(value[key]))
      return Invalid(
          std::string(key) +
              " goes with kind pip: kind interpreter uses an existing Python as it is and "
              "installs nothing",
          key);
  std::string path = TRY(CleanText(value, "interpreter_path"));
  if (!path.empty()) spec.interpreter_path = path;
  return spec;
}

json::Value List(const std::vector<std::string>& items) {
  json::Value out{json::Array{}};
  for (const std::string& item : items) out.Append(item);
  return out;
}
}  // namespace

Result<EnvironmentSpec> ParseSpec(const json::Value& value) {
  if (value.is_null()) return EnvironmentSpec();
  if (!value.is_object()) return Invalid("environment must be an object", "environment");
  TRY(CheckMembers(value.as_object()));
  std::string kind = TRY(CleanText(value, "kind"));
  if (kind == "pip") return ParsePip(value);
  bool plain = kind.empty() && !IsSet(value["requirements"]) && !IsSet(value["python"]);
  if (kind == "interpreter" || plain) return ParseInterpreter(value);
  return Invalid(kind.empty() ? "kind is missing: \"pip\" or \"interpreter\""
                              : "kind \"" + kind + "\" is unknown: \"pip\" or \"interpreter\"",
                 "kind");
}

std::string CanonicalText(const EnvironmentSpec& spec) {
  json::Value out;
  if (spec.kind == EnvironmentSpec::Kind::kInterpreter) {
    out.Set("kind", "interpreter").Set("interpreter_path", spec.interpreter_path);
    return json::Write(out);
  }
  out.Set("kind", "pip");
  if (!spec.python.empty()) out.Set("python", spec.python);
  if (!spec.requirements.empty()) out.Set("requirements", List(spec.requirements));
  if (!spec.index_url.empty()) out.Set("index_url", spec.index_url);
  if (!spec.extra_index_urls.empty()) out.Set("extra_index_urls", List(spec.extra_index_urls));
  if (!spec.find_links.empty()) out.Set("find_links", List(spec.find_links));
  return json::Write(out);
}

std::string EnvId(const EnvironmentSpec& spec) {
  return Sha256Hex("runwright-env-1\n" + CanonicalText(spec));
}

std::string MakeBuildId(std::string_view lock, std::string_view platform,
                        std::string_view interpreter) {
  std::string text = "runwright-build-1\n";
  text.append(lock).append("\n").append(platform).append("\n").append(interpreter);
  return Sha256Hex(text);
}

}  // namespace rw::env
