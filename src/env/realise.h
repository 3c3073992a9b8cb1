// From what a user asked for to what is made on this machine: image map, framework profiles,
// package rules. Pure: what the machine has comes as facts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/profile.h"
#include "env/python_version.h"
#include "env/spec.h"

namespace rw::env {

/// What Realise needs to know about the machine for one spec; asking for less costs less.
struct FactsWanted {
  std::string python;                    // of the spec
  bool all_pythons = false;              // else the default alone
  std::vector<std::string> packages_of;  // interpreters; "" is the one that `python` chooses
};

struct NodeFacts {
  int gpus = 0;
  std::vector<Interpreter> pythons;  // the default first
  struct Installed {
    Interpreter interpreter;
    std::map<std::string, std::string> versions;  // by canonical name
  };
  std::map<std::string, Installed> packages;  // by FactsWanted::packages_of
};

struct Effective {
  EnvironmentSpec spec;
  std::vector<std::string> warnings;  // every substitution
  std::vector<std::string> shims;     // those of profiles; ShimsFor adds those of what is installed
};

/// The framework that a spec names has a profile; else kInvalidArgument lists those that have.
Status CheckFramework(const EnvironmentSpec& spec, const Profiles& profiles);

/// The profile of the framework asked for by name, or that of a package among the requirements.
const FrameworkProfile* ProfileFor(const EnvironmentSpec& spec, const Profiles& profiles);

FactsWanted WantedFacts(const EnvironmentSpec& spec, const Profiles& profiles);

/// kInvalidArgument naming the member: an unknown framework; with resolver exact anything that
/// would be replaced, with the reason and what nearest would take.
Result<Effective> Realise(const EnvironmentSpec& spec, const Profiles& profiles,
                          const NodeFacts& facts);

/// `shims` and those that the packages of a lock ("name==version") need; sorted. None with resolver
/// exact.
std::vector<std::string> ShimsFor(const EnvironmentSpec& spec, const Profiles& profiles,
                                  const std::vector<std::string>& packages,
                                  std::vector<std::string> shims);

}  // namespace rw::env
