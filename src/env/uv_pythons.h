// Which Python an environment gets, and what profiles need to know of those that are there. Starts
// processes: from the pool, but for FetchCommand and WithoutFetched.
#pragma once

#include <string>

#include "base/result.h"
#include "env/interpreters.h"
#include "env/realise.h"
#include "env/spec.h"
#include "env/uv_runner.h"

namespace rw::env {

/// The interpreter of the spec's recipe, else by the version asked for.
Result<PythonChoice> ChooseFor(Interpreters& all, const EnvironmentSpec& spec);

Result<NodeFacts> FactsOf(Interpreters& all, const FactsWanted& wanted, const Variables& variables);

/// Nothing else was asked for than a Python of this minor version.
bool HasMinor(const std::string& asked, const Interpreter& have);

/// Gets a Python that is not installed into `folder`, from where uv gets Pythons.
UvCommand FetchCommand(const std::string& python, const Variables& server,
                       const std::string& folder);

/// The choice where uv could not get it, for which `words` say why; refused by resolver exact.
Result<PythonChoice> WithoutFetched(const EnvironmentSpec& spec, const std::string& words,
                                    PythonChoice without);

}  // namespace rw::env
