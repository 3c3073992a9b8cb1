#include <algorithm>

#include "base/strings.h"
#include "env/realise_work.h"

namespace rw::env {

const PackageRule* Realiser::RuleFor(const Requirement& one) const {
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

Status Realiser::ApplyRules() {
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
    if (Find(ReadCanonical(line).name) == nullptr) requirements_.push_back(ReadCanonical(line));
  return AddConstraints(constraints);
}

Status Realiser::ApplyRule(Requirement one, const PackageRule& rule) {
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
    return RefuseSpec("requirements: " + one.canonical +
                          " cannot be had, and resolver exact takes "
                          "nothing else; nearest would take " +
                          what,
                      "requirements");
  Warn(what);
  for (const std::string& line : rule.use)
    if (Find(ReadCanonical(line).name) == nullptr) requirements_.push_back(ReadCanonical(line));
  return Ok();
}

Status Realiser::AddConstraints(const std::vector<std::string>& constraints) {
  for (const std::string& line : constraints) {
    Requirement bound = ReadCanonical(line);
    const Requirement* asked = Find(bound.name);
    bool open = asked != nullptr && WantedOf(asked->specifiers).newest();
    if (asked != nullptr && !open) continue;
    if (open && exact())
      return RefuseSpec(
          "requirements: " + asked->canonical + " has to be " + line +
              " beside the other packages, and resolver exact adds no bound: write it",
          "requirements");
    if (open) Warn(asked->canonical + " → " + line + ": what is asked for beside it needs that");
    AddNew(spec().constraints, {line});
  }
  return Ok();
}

}  // namespace rw::env
