#include <algorithm>

#include "env/realise_work.h"

namespace rw::env {
namespace {
std::string MinorText(std::string_view version) {
  auto parsed = ParseVersion(version);
  if (!parsed) return std::string(version);
  parsed->patch = -1;
  return parsed->ToString();
}
}  // namespace

std::optional<Interpreter> Realiser::Chosen() const {
  if (facts_.pythons.empty()) return std::nullopt;
  auto choice = ChoosePython(out_.spec.python, facts_.pythons);
  if (!choice) return std::nullopt;
  return choice->interpreter;
}

void Realiser::UseProvided() {
  auto chosen = Chosen();
  if (chosen) python_ = chosen->version;
  if (profile_ != nullptr && spec().kind == EnvironmentSpec::Kind::kPip && spec().image.empty())
    for (const ProvidedBy& by : profile_->provided_by)
      if (TryProvider(by)) {
        TakeFrom(by.interpreter);
        return;
      }
  if (spec().resolver == EnvironmentSpec::Resolver::kProvided) TakeFrom("");
}

bool Realiser::TryProvider(const ProvidedBy& by) {
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
  for (const std::string& line : profile_->packages) given_.insert(ReadCanonical(line).name);
  AddNew(spec().constraints, by.constraints);
  return true;
}

bool Realiser::PythonFits(const std::string& version) const {
  const std::string& asked = out_.spec.python;
  if (asked.empty() || MinorText(asked) == MinorText(version)) return true;
  if (exact()) return false;
  return std::none_of(facts_.pythons.begin(), facts_.pythons.end(), [&](const Interpreter& one) {
    return MinorText(one.version) == MinorText(asked);
  });
}

void Realiser::TakeFrom(const std::string& key) {
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
    bool answers = there && (given_.contains(one.name) ||
                             spec().resolver == EnvironmentSpec::Resolver::kProvided ||
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
}

}  // namespace rw::env
