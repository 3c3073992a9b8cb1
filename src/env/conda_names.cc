#include "env/conda_names.h"

#include <algorithm>

#include "base/strings.h"
#include "env/requirement.h"
#include "json/value.h"

namespace rw::env {
namespace {

constexpr std::string_view kOperators[] = {"===", "==", ">=", "<=", "!=", "~=", "=", ">", "<"};

struct MatchSpec {
  std::string name;
  std::string rest;
};

/// Of the canonical form: "conda-forge::numpy>=1.20" → {"numpy", ">=1.20"}.
MatchSpec ReadMatchSpec(std::string_view text) {
  size_t colons = text.find("::");
  if (colons != std::string_view::npos) text.remove_prefix(colons + 2);
  size_t end = std::min(text.find_first_of(" =<>!~["), text.size());
  return {std::string(text.substr(0, end)), std::string(Trim(text.substr(end)))};
}

/// One of "=1.2", "1.2.*", ">=1"; `fuzzy`: a bare version means "begins with".
std::optional<std::string> OneVersion(std::string_view text, bool exact_build) {
  std::string_view op;
  for (std::string_view known : kOperators)
    if (text.starts_with(known)) {
      op = known;
      break;
    }
  std::string version(Trim(text.substr(op.size())));
  bool begins = version.ends_with('*');
  while (version.ends_with('*')) version.pop_back();
  while (version.ends_with('.')) version.pop_back();
  if (version.empty() && begins) return "";
  if (!IsPipVersion(version)) return std::nullopt;
  if (op == ">=" || op == "<=" || op == ">" || op == "<" || op == "~=")
    return std::string(op) + version;
  if (op == "!=") return "!=" + version + (begins ? ".*" : "");
  bool fuzzy = begins || (op == "=" && !exact_build);
  return "==" + version + (fuzzy ? ".*" : "");
}

/// "1.2|1.3" → the last one that pip can say: there is no "or".
std::optional<std::string> LastAlternative(std::string_view text, bool exact_build) {
  std::optional<std::string> last;
  for (const std::string& alternative : Split(text, '|')) {
    std::vector<std::string> parts;
    bool good = true;
    for (const std::string& part : Split(alternative, ',')) {
      if (Trim(part).empty()) continue;
      auto one = OneVersion(Trim(part), exact_build);
      good = good && one.has_value();
      if (one && !one->empty()) parts.push_back(*one);
    }
    if (good) last = Join(parts, ",");
  }
  return last;
}

/// The value of a key in "[version='>=1',build=x]".
std::string InBrackets(std::string_view text, std::string_view key) {
  size_t at = text.find(std::string(key) + "=");
  if (at == std::string_view::npos) return {};
  std::string_view value = text.substr(at + key.size() + 1);
  char quote = value.empty() ? ' ' : value[0];
  if (quote == '\'' || quote == '"') return std::string(value.substr(1, value.find(quote, 1) - 1));
  return std::string(value.substr(0, value.find_first_of(",]")));
}

class Mapper {
 public:
  Mapper(const EnvironmentSpec& spec, const CondaNames& names) : names_(names) {
    out_.spec = spec;
    out_.spec.kind = EnvironmentSpec::Kind::kPip;
    out_.spec.conda_packages.clear();
    out_.spec.channels.clear();
    in_pip_.insert(spec.names.begin(), spec.names.end());
  }

  CondaMapping Run(const std::vector<std::string>& packages, const std::string& why) {
    out_.warnings.push_back("conda packages come from the pip index: " + why);
    for (const std::string& package : packages) Map(package);
    auto& requirements = out_.spec.requirements;
    std::sort(requirements.begin(), requirements.end());
    requirements.erase(std::unique(requirements.begin(), requirements.end()), requirements.end());
    return std::move(out_);
  }

 private:
  void Map(const std::string& package) {
    MatchSpec spec = ReadMatchSpec(package);
    if (auto dropped = names_.drop.find(spec.name); dropped != names_.drop.end())
      return Warn(package + " is left out: " + dropped->second);
    auto known = names_.pip.find(spec.name);
    std::string name = known != names_.pip.end() ? known->second : spec.name;
    auto version = PipVersionOf(spec.rest);
    auto parsed = ParseRequirement(name + version.value_or(""), 0);
    if (!parsed || !*parsed)
      return Warn(package + " is left out: the pip index can have no package of that name");
    if (AnsweredBySdk((*parsed)->name)) return;
    if (in_pip_.contains((*parsed)->name))
      return Warn(package + " is left to the pip section, which names " + (*parsed)->name + " too");
    std::string said = package + " → " + (*parsed)->canonical;
    if (!version) said += ": pip cannot say this version, the newest is taken";
    if (known == names_.pip.end() && !names_.same.contains(spec.name))
      said += ": its name in the pip index is not known, the same name is tried";
    Warn(said);
    out_.spec.requirements.push_back((*parsed)->canonical);
    if (std::find(out_.spec.names.begin(), out_.spec.names.end(), (*parsed)->name) ==
        out_.spec.names.end())
      out_.spec.names.push_back((*parsed)->name);
  }
  void Warn(const std::string& text) { out_.warnings.push_back("conda package " + text); }

  const CondaNames& names_;
  CondaMapping out_;
  std::set<std::string> in_pip_;
};

Status ReadTexts(const json::Value& object, const char* member,
                 std::map<std::string, std::string, std::less<>>& into) {
  if (object[member].is_null()) return Ok();
  auto map = TRY(json::OptionalStringMap(object, member));
  into.insert(map.begin(), map.end());
  return Ok();
}

}  // namespace

Result<CondaNames> CondaNames::Parse(std::string_view json_text) {
  json::Value value = TRY(json::Parse(json_text));
  CondaNames out;
  TRY(ReadTexts(value, "pip", out.pip));
  TRY(ReadTexts(value, "drop", out.drop));
  std::vector<std::string> same = TRY(json::OptionalStringList(value, "same"));
  out.same.insert(same.begin(), same.end());
  return out;
}

std::string CondaNames::PipName(std::string_view conda_name) const {
  auto known = pip.find(conda_name);
  std::string name(known != pip.end() ? std::string_view(known->second) : conda_name);
  return CanonicalName(name.substr(0, name.find('[')));
}

bool IsPipVersion(std::string_view version) {
  size_t i = 0;
  auto digits = [&] {
    size_t start = i;
    while (i < version.size() && version[i] >= '0' && version[i] <= '9') i++;
    return i > start;
  };
  if (!digits()) return false;
  while (i < version.size() && version[i] == '.' && i + 1 < version.size() &&
         version[i + 1] >= '0' && version[i + 1] <= '9') {
    i++;
    digits();
  }
  for (std::string_view suffix : {"a", "b", "rc", ".post", ".dev"}) {
    if (!version.substr(i).starts_with(suffix)) continue;
    i += suffix.size();
    if (!digits()) return false;
  }
  return i == version.size();
}

std::optional<std::string> PipVersionOf(std::string_view conda) {
  std::string text(Trim(conda));
  if (text.starts_with('[')) text = InBrackets(text, "version");
  size_t bracket = text.find('[');
  if (bracket != std::string::npos) text = std::string(Trim(text.substr(0, bracket)));
  if (text.empty() || text == "*") return "";
  // "1.2 py36_0" and "=1.2=py36_0" name a build; "==1.2" does not.
  bool exact_build = false;
  size_t space = text.find(' ');
  if (space != std::string::npos && text.find_first_of(",|") == std::string::npos &&
      text.find_first_not_of("=<>!~ ") < space) {
    text.resize(space);
  } else if (text[0] == '=' && !text.starts_with("==")) {
    size_t second = text.find('=', 1);
    exact_build = second != std::string::npos && text.substr(second) != "=*";
    text.resize(std::min(second, text.size()));
  }
  return LastAlternative(text, exact_build);
}

Result<CondaMapping> MapCondaPackages(const EnvironmentSpec& spec, const CondaNames& names,
                                      const std::string& why) {
  if (spec.resolver == EnvironmentSpec::Resolver::kExact && !spec.conda_packages.empty())
    return Error(Code::kFailedPrecondition,
                 "the conda packages cannot be installed as conda packages: " + why +
                     "; resolver exact takes none of the pip index in their place",
                 "conda_packages");
  return Mapper(spec, names).Run(spec.conda_packages, why);
}

}  // namespace rw::env
