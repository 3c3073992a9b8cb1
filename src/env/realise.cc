#include "env/realise.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/strings.h"
#include "env/requirement.h"

namespace rw::env {
namespace {
using Resolver = EnvironmentSpec::Resolver;

Error Refuse(std::string message, std::string field) {
  return Error(Code::kInvalidArgument, std::move(message), std::move(field));
}

void AddNew(std::vector<std::string>& to, const std::vector<std::string>& more) {
  for (const std::string& text : more)
    if (std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

/// "1.13" → "==1.13.*", "5.1.0" → "==5.1.0".
std::string PinOf(const std::string& version) {
  if (version.empty()) return {};
  bool whole = std::count(version.begin(), version.end(), '.') >= 2;
  return "==" + version + (whole ? "" : ".*");
}

std::string MinorText(std::string_view version) {
  auto parsed = ParseVersion(version);
  if (!parsed) return std::string(version);
  parsed->patch = -1;
  return parsed->ToString();
}

Requirement Read(const std::string& canonical) {
  auto read = ParseRequirement(canonical, 0);
  return read && *read ? **read : Requirement{};
}

class Realiser {
 public:
  Realiser(const EnvironmentSpec& spec, const Profiles& profiles, const NodeFacts& facts)
      : profiles_(profiles), facts_(facts) {
    out_.spec = spec;
  }

  Result<Effective> Run() {
    TRY(MapImage());
    TRY(ReadFramework());
    if (spec().kind == EnvironmentSpec::Kind::kInterpreter) return out_;
    for (const std::string& line : spec().requirements) requirements_.push_back(Read(line));
    TRY(AddFramework());
    UseProvided();
    TRY(ApplyRules());
    Store();
    return out_;
  }

 private:
  EnvironmentSpec& spec() { return out_.spec; }
  bool exact() const { return out_.spec.resolver == Resolver::kExact; }
  void Warn(std::string text) { AddNew(out_.warnings, {std::move(text)}); }

  Status MapImage() {
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
      return Refuse("image.name " + spec().image.name +
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

  Status ReadFramework() {
    const Framework& asked = spec().framework;
    profile_ = ProfileFor(spec(), profiles_);
    if (asked.name.empty()) return Ok();
    TRY(CheckFramework(spec(), profiles_));
    TRY(CheckVersion(asked));
    if (!exact()) AddNew(out_.shims, profile_->shims);
    if (facts_.gpus > 0) return Ok();
    if (asked.gpu && exact())
      return Refuse(
          "framework.gpu: this machine has no GPU; resolver nearest would install the "
          "packages for the CPU",
          "framework.gpu");
    if (asked.gpu) Warn("no GPU on this machine: " + asked.name + " runs on the CPU");
    if (!exact()) AddNew(out_.shims, profile_->shims_without_gpu);
    return Ok();
  }

  Status CheckVersion(const Framework& asked) {
    const auto& known = profile_->versions;
    if (asked.version.empty() || known.empty()) return Ok();
    if (std::find(known.begin(), known.end(), asked.version) != known.end()) return Ok();
    std::string text = asked.name + " " + asked.version +
                       " is none of the versions of its profile (" + Join(known, ", ") + ")";
    if (exact()) return Refuse("framework.version: " + text, "framework.version");
    Warn(text + "; it is taken as asked for");
    return Ok();
  }

  Requirement* Find(std::string_view name) {
    auto found = std::find_if(requirements_.begin(), requirements_.end(),
                              [&](const Requirement& one) { return one.name == name; });
    return found == requirements_.end() ? nullptr : &*found;
  }

  /// What the user lists wins over the framework's version.
  Status AddFramework() {
    if (spec().framework.name.empty()) return Ok();
    std::string version = spec().framework.version;
    if (version.empty()) version = profile_->default_version;
    if (Find(profile_->package) == nullptr)
      requirements_.push_back(Read(profile_->package + PinOf(version)));
    for (const std::string& line : profile_->packages)
      if (Find(Read(line).name) == nullptr) requirements_.push_back(Read(line));
    return Ok();
  }

  /// The Python that the environment gets by its version alone.
  std::optional<Interpreter> Chosen() const {
    if (facts_.pythons.empty()) return std::nullopt;
    auto choice = ChoosePython(out_.spec.python, facts_.pythons);
    if (!choice) return std::nullopt;
    return choice->interpreter;
  }

  void UseProvided() {
    auto chosen = Chosen();
    if (chosen) python_ = chosen->version;
    if (profile_ != nullptr && spec().kind == EnvironmentSpec::Kind::kPip && spec().image.empty())
      for (const ProvidedBy& by : profile_->provided_by)
        if (TryProvider(by)) {
          TakeFrom(by.interpreter);
          return;
        }
    if (spec().resolver == Resolver::kProvided) TakeFrom("");
  }

  bool TryProvider(const ProvidedBy& by) {
    auto there = facts_.packages.find(by.interpreter);
    Requirement* asked = Find(profile_->package);
    if (there == facts_.packages.end() || asked == nullptr || !asked->url.empty()) return false;
    const NodeFacts::Installed& has = there->second;
    auto version = has.versions.find(CanonicalName(by.distribution));
    if (version == has.versions.end()) return false;
    if (!by.versions.Contains(WantedOf(asked->specifiers))) return false;
    if (spec().framework.gpu && facts_.gpus > 0) return false;
    if (!PythonFits(has.interpreter.version)) return false;
    bool same = Allows(asked->specifiers, version->second);
    if (!same && exact()) return false;
    if (!same)
      Warn(asked->canonical + " → " + profile_->package + " " + version->second + " of " +
           by.interpreter + ": its profile prefers what the machine has");
    given_.insert(profile_->package);
    for (const std::string& line : profile_->packages) given_.insert(Read(line).name);
    AddNew(spec().constraints, by.constraints);
    return true;
  }

  /// Another Python that was asked for, and is there, counts more than what is installed.
  bool PythonFits(const std::string& version) const {
    const std::string& asked = out_.spec.python;
    if (asked.empty() || MinorText(asked) == MinorText(version)) return true;
    if (exact()) return false;
    return std::none_of(facts_.pythons.begin(), facts_.pythons.end(), [&](const Interpreter& one) {
      return MinorText(one.version) == MinorText(asked);
    });
  }

  /// Requirements that the interpreter's own packages answer are not installed.
  void TakeFrom(const std::string& key) {
    auto there = facts_.packages.find(key);
    if (there == facts_.packages.end()) return;
    const NodeFacts::Installed& has = there->second;
    const std::string& interpreter = has.interpreter.path;
    python_ = has.interpreter.version;
    spec().recipe.base = interpreter;
    spec().recipe.site_packages = true;
    // What scripts see of it is in no lock.
    std::vector<std::string> seen;
    for (const auto& [name, version] : has.versions) seen.push_back(name + "==" + version);
    out_.shims = ShimsFor(spec(), profiles_, seen, std::move(out_.shims));
    std::vector<Requirement> left;
    for (Requirement& one : requirements_) {
      auto installed = has.versions.find(one.name);
      bool there = !one.name.empty() && one.url.empty() && installed != has.versions.end();
      bool answers =
          there && (given_.contains(one.name) || spec().resolver == Resolver::kProvided ||
                    Allows(one.specifiers, installed->second));
      if (!answers) {
        left.push_back(std::move(one));
        continue;
      }
      spec().recipe.provided.push_back(one.name);
      if (!Allows(one.specifiers, installed->second) && !given_.contains(one.name))
        Warn(one.canonical + " → " + one.name + " " + installed->second + " of " + interpreter +
             ": resolver provided takes what is installed");
    }
    requirements_ = std::move(left);
    AddShimsOf(has);
  }

  /// What the interpreter shows beside the lock may need them too.
  void AddShimsOf(const NodeFacts::Installed& has) {
    std::vector<std::string> packages;
    for (const auto& [name, version] : has.versions) packages.push_back(name + "==" + version);
    out_.shims = ShimsFor(spec(), profiles_, packages, std::move(out_.shims));
  }

  const PackageRule* RuleFor(const Requirement& one) const {
    if (one.name.empty() || !one.url.empty()) return nullptr;
    Wanted wanted = WantedOf(one.specifiers);
    Release python = ParseRelease(python_);
    for (const PackageRule& rule : profiles_.packages) {
      if (!MatchesPattern(rule.package, one.name) || !rule.versions.Contains(wanted)) continue;
      if (!rule.python.everything() && (python.empty() || !rule.python.Contains(python))) continue;
      if (rule.without_gpu && facts_.gpus > 0) continue;
      return &rule;
    }
    return nullptr;
  }

  Status ApplyRules() {
    std::vector<Requirement> before = std::move(requirements_);
    requirements_.clear();
    std::vector<std::string> constraints;
    std::vector<std::string> beside;
    for (Requirement& one : before) {
      const PackageRule* rule = RuleFor(one);
      if (rule == nullptr) {
        requirements_.push_back(std::move(one));
        continue;
      }
      AddNew(constraints, rule->constraints);
      AddNew(spec().recipe.build_constraints, rule->build_constraints);
      if (!exact()) AddNew(out_.shims, rule->shims);
      if (!exact()) AddNew(beside, rule->beside);
      TRY(ApplyRule(std::move(one), *rule));
    }
    for (const std::string& line : beside)
      if (Find(Read(line).name) == nullptr) requirements_.push_back(Read(line));
    return AddConstraints(constraints);
  }

  Status ApplyRule(Requirement one, const PackageRule& rule) {
    if (!rule.nearest.empty()) {
      spec().recipe.replace.push_back({one.canonical, rule.nearest, rule.reason});
      requirements_.push_back(std::move(one));
      return Ok();
    }
    if (!rule.drop && rule.use.empty()) {
      requirements_.push_back(std::move(one));
      return Ok();
    }
    std::string what =
        one.canonical + " → " + (rule.drop ? "nothing" : Join(rule.use, ", ")) + ": " + rule.reason;
    if (exact())
      return Refuse("requirements: " + one.canonical +
                        " cannot be had, and resolver exact takes "
                        "nothing else; nearest would take " +
                        what,
                    "requirements");
    Warn(what);
    for (const std::string& line : rule.use)
      if (Find(Read(line).name) == nullptr) requirements_.push_back(Read(line));
    return Ok();
  }

  /// What a user bounds by a version of his own is left to the resolver to judge.
  Status AddConstraints(const std::vector<std::string>& constraints) {
    for (const std::string& line : constraints) {
      Requirement bound = Read(line);
      const Requirement* asked = Find(bound.name);
      bool open = asked != nullptr && WantedOf(asked->specifiers).newest();
      if (asked != nullptr && !open) continue;
      if (open && exact())
        return Refuse("requirements: " + asked->canonical + " has to be " + line +
                          " beside the other packages, and resolver exact adds no bound: write it",
                      "requirements");
      if (open) Warn(asked->canonical + " → " + line + ": what is asked for beside it needs that");
      AddNew(spec().constraints, {line});
    }
    return Ok();
  }

  void Store() {
    std::set<std::string> lines;
    std::set<std::string> names;
    for (const Requirement& one : requirements_) {
      lines.insert(one.canonical);
      if (!one.name.empty()) names.insert(one.name);
    }
    spec().requirements.assign(lines.begin(), lines.end());
    spec().names.assign(names.begin(), names.end());
  }

  const Profiles& profiles_;
  const NodeFacts& facts_;
  Effective out_;
  const FrameworkProfile* profile_ = nullptr;
  std::string python_;  // version, for rules
  std::vector<Requirement> requirements_;
  std::set<std::string> given_;  // packages that the machine's interpreter stands in for
};
}  // namespace

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
  return Refuse("framework.name \"" + asked +
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
  if (spec.resolver == Resolver::kProvided) out.packages_of.emplace_back();
  return out;
}

Result<Effective> Realise(const EnvironmentSpec& spec, const Profiles& profiles,
                          const NodeFacts& facts) {
  return Realiser(spec, profiles, facts).Run();
}

std::vector<std::string> ShimsFor(const EnvironmentSpec& spec, const Profiles& profiles,
                                  const std::vector<std::string>& packages,
                                  std::vector<std::string> shims) {
  if (spec.resolver == Resolver::kExact) return {};
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
