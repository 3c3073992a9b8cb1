#include "env/realise.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "env/realise_work.h"

namespace rw::env {
namespace {

/// "1.13" → "==1.13.*", "5.1.0" → "==5.1.0".
std::string PinOf(const std::string& version) {
  if (version.empty()) return {};
  bool whole = std::count(version.begin(), version.end(), '.') >= 2;
  return "==" + version + (whole ? "" : ".*");
}

}  // namespace

Error RefuseSpec(std::string message, std::string field) {
  return Error(Code::kInvalidArgument, std::move(message), std::move(field));
}

void AddNew(std::vector<std::string>& to, const std::vector<std::string>& more) {
  for (const std::string& text : more)
    if (std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

Requirement ReadCanonical(const std::string& canonical) {
  auto read = ParseRequirement(canonical, 0);
  return read && *read ? **read : Requirement{};
}

Result<Effective> Realiser::Run() {
  TRY(MapImage());
  TRY(ReadFramework());
  if (spec().kind == EnvironmentSpec::Kind::kInterpreter) return out_;
  for (const std::string& line : spec().requirements) requirements_.push_back(ReadCanonical(line));
  TRY(AddFramework());
  UseProvided();
  TRY(ApplyRules());
  Store();
  return out_;
}

Status Realiser::MapImage() {
  if (spec().image.name.empty()) return Ok();
  auto rule = std::find_if(
      profiles_.images.begin(), profiles_.images.end(),
      [&](const ImageRule& one) { return MatchesPattern(one.pattern, spec().image.name); });
  if (rule == profiles_.images.end() || rule->use == spec().image.name) return Ok();
  bool process = rule->use == "process";
  std::string what = "image " + spec().image.name + " → " +
                     (process ? "a process environment" : "image " + rule->use) +
                     ": the image map says so" +
                     (rule->note.empty() ? "" : " (" + rule->note + ")");
  if (exact() && !rule->quiet)
    return RefuseSpec("image.name " + spec().image.name +
                          " would be replaced, which resolver exact refuses: " + what,
                      "image.name");
  if (!rule->quiet) Warn(what);
  if (!process) {
    spec().image.name = rule->use;
    return Ok();
  }
  spec().image = {};
  // A path inside of the image means nothing outside of it.
  if (spec().kind == EnvironmentSpec::Kind::kInterpreter) {
    spec().interpreter_path = "python";
  } else if (spec().python.empty()) {
    spec().python = rule->python;
  }
  return Ok();
}

Status Realiser::ReadFramework() {
  const Framework& asked = spec().framework;
  profile_ = ProfileFor(spec(), profiles_);
  if (asked.name.empty()) return Ok();
  TRY(CheckFramework(spec(), profiles_));
  TRY(CheckVersion(asked));
  if (!exact()) AddNew(out_.shims, profile_->shims);
  if (facts_.gpus > 0) return Ok();
  if (asked.gpu && exact())
    return RefuseSpec(
        "framework.gpu: this machine has no GPU; resolver nearest would install the "
        "packages for the CPU",
        "framework.gpu");
  if (asked.gpu) Warn("no GPU on this machine: " + asked.name + " runs on the CPU");
  if (!exact()) AddNew(out_.shims, profile_->shims_without_gpu);
  return Ok();
}

Status Realiser::CheckVersion(const Framework& asked) {
  const auto& known = profile_->versions;
  if (asked.version.empty() || known.empty()) return Ok();
  if (std::find(known.begin(), known.end(), asked.version) != known.end()) return Ok();
  std::string text = asked.name + " " + asked.version +
                     " is none of the versions of its profile (" + Join(known, ", ") + ")";
  if (exact()) return RefuseSpec("framework.version: " + text, "framework.version");
  Warn(text + "; it is taken as asked for");
  return Ok();
}

Requirement* Realiser::Find(std::string_view name) {
  auto found = std::find_if(requirements_.begin(), requirements_.end(),
                            [&](const Requirement& one) { return one.name == name; });
  return found == requirements_.end() ? nullptr : &*found;
}

Status Realiser::AddFramework() {
  if (spec().framework.name.empty()) return Ok();
  std::string version = spec().framework.version;
  if (version.empty()) version = profile_->default_version;
  if (Find(profile_->package) == nullptr)
    requirements_.push_back(ReadCanonical(profile_->package + PinOf(version)));
  for (const std::string& line : profile_->packages)
    if (Find(ReadCanonical(line).name) == nullptr) requirements_.push_back(ReadCanonical(line));
  return Ok();
}

void Realiser::Store() {
  std::set<std::string> lines;
  std::set<std::string> names;
  for (const Requirement& one : requirements_) {
    lines.insert(one.canonical);
    if (!one.name.empty()) names.insert(one.name);
  }
  spec().requirements.assign(lines.begin(), lines.end());
  spec().names.assign(names.begin(), names.end());
}

const FrameworkProfile* ProfileFor(const EnvironmentSpec& spec, const Profiles& profiles) {
  if (!spec.framework.name.empty()) {
    auto found = profiles.frameworks.find(spec.framework.name);
    return found == profiles.frameworks.end() ? nullptr : &found->second;
  }
  for (const auto& [name, profile] : profiles.frameworks)
    if (std::find(spec.names.begin(), spec.names.end(), profile.package) != spec.names.end())
      return &profile;
  return nullptr;
}

Status CheckFramework(const EnvironmentSpec& spec, const Profiles& profiles) {
  const std::string& asked = spec.framework.name;
  if (asked.empty() || profiles.frameworks.contains(asked)) return Ok();
  std::vector<std::string> known;
  for (const auto& [name, profile] : profiles.frameworks) known.push_back(name);
  return RefuseSpec("framework.name \"" + asked +
                        "\" has no profile. Known: " + (known.empty() ? "none" : Join(known, ", ")),
                    "framework.name");
}

FactsWanted WantedFacts(const EnvironmentSpec& spec, const Profiles& profiles) {
  FactsWanted out;
  if (spec.kind == EnvironmentSpec::Kind::kInterpreter) return out;
  out.python = spec.python;
  const FrameworkProfile* profile = ProfileFor(spec, profiles);
  out.all_pythons = profile != nullptr || !spec.python.empty() || !spec.image.empty();
  if (profile != nullptr)
    for (const ProvidedBy& by : profile->provided_by) out.packages_of.push_back(by.interpreter);
  if (spec.resolver == EnvironmentSpec::Resolver::kProvided) out.packages_of.emplace_back();
  return out;
}

Result<Effective> Realise(const EnvironmentSpec& spec, const Profiles& profiles,
                          const NodeFacts& facts) {
  return Realiser(spec, profiles, facts).Run();
}

std::vector<std::string> ShimsFor(const EnvironmentSpec& spec, const Profiles& profiles,
                                  const std::vector<std::string>& packages,
                                  std::vector<std::string> shims) {
  if (spec.resolver == EnvironmentSpec::Resolver::kExact) return {};
  for (const std::string& package : packages) {
    size_t pin = package.find("==");
    if (pin == std::string::npos) continue;
    std::string name = package.substr(0, pin);
    Release version = ParseRelease(package.substr(pin + 2));
    for (const ShimRule& rule : profiles.shims)
      if (rule.package == name && rule.versions.Contains(version)) shims.push_back(rule.shim);
  }
  std::sort(shims.begin(), shims.end());
  shims.erase(std::unique(shims.begin(), shims.end()), shims.end());
  return shims;
}

}  // namespace rw::env
