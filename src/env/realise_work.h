// Realise, inside: realise.cc maps the image and puts the framework in, realise_provided.cc takes
// what the machine has, realise_rules.cc applies the rules of packages.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/realise.h"
#include "env/requirement.h"

namespace rw::env {

/// Those of `more` that `to` has not yet.
void AddNew(std::vector<std::string>& to, const std::vector<std::string>& more);
/// A canonical line.
Requirement ReadCanonical(const std::string& line);
Error RefuseSpec(std::string message, std::string field);

class Realiser {
 public:
  Realiser(const EnvironmentSpec& spec, const Profiles& profiles, const NodeFacts& facts)
      : profiles_(profiles), facts_(facts) {
    out_.spec = spec;
  }
  Result<Effective> Run();

 private:
  EnvironmentSpec& spec() { return out_.spec; }
  bool exact() const { return out_.spec.resolver == EnvironmentSpec::Resolver::kExact; }
  void Warn(std::string text) { AddNew(out_.warnings, {std::move(text)}); }
  Requirement* Find(std::string_view name);

  // realise.cc
  Status MapImage();
  Status ReadFramework();
  Status CheckVersion(const Framework& asked);
  /// What the user lists wins over the framework's version.
  Status AddFramework();
  void Store();

  // realise_provided.cc
  /// The Python that the environment gets by its version alone.
  std::optional<Interpreter> Chosen() const;
  void UseProvided();
  bool TryProvider(const ProvidedBy& by);
  /// Another Python that was asked for, and is there, counts more than what is installed.
  bool PythonFits(const std::string& version) const;
  /// Requirements that the interpreter's own packages answer are not installed.
  void TakeFrom(const std::string& key);

  // realise_rules.cc
  const PackageRule* RuleFor(const Requirement& one) const;
  Status ApplyRules();
  Status ApplyRule(Requirement one, const PackageRule& rule);
  /// What a user bounds by a version of his own is left to the resolver to judge.
  Status AddConstraints(const std::vector<std::string>& constraints);

  const Profiles& profiles_;
  const NodeFacts& facts_;
  Effective out_;
  const FrameworkProfile* profile_ = nullptr;
  std::string python_;  // version, for rules
  std::vector<Requirement> requirements_;
  std::set<std::string> given_;  // packages that the machine's interpreter stands in for
};

}  // namespace rw::env
