// What differs between two environments: a function of values.
#pragma once

#include "cli/env_subject.h"
#include "cli/terminal.h"

namespace rw::cli {

/// `{a, b, same, compared ("locks" or "requirements"), python: {from, to}?, packages: {added,
/// removed:
/// [{name, version}], changed: [{name, from, to}]}, variables: {the same}, settings: [{name, from,
/// to}]}`. "requirements" where one of the two was never resolved: then what was asked for is
/// compared.
json::Value DiffEnvironments(const EnvSubject& a, const EnvSubject& b);

/// For people: + added, - removed, ~ changed.
std::string DiffText(const json::Value& diff, const Terminal& terminal);

}  // namespace rw::cli
