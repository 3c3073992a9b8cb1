// Whether what profiles say of an environment is what they said when it was locked.
#pragma once

#include <string>
#include <vector>

#include "env/profile.h"
#include "env/spec.h"

namespace rw::env {

/// SHA-256 hex of all that profiles say of what the spec (as parsed) asks for and, of shims, of the
/// packages of its lock ("name==version"). The same text in another order of members is the same.
std::string ProfileHash(const EnvironmentSpec& spec, const Profiles& profiles,
                        const std::vector<std::string>& packages);

}  // namespace rw::env
