// The environment of the script, as a table in one place (docs/user/environment-variables.md lists
// it).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "executor/grant.h"
#include "executor/run_folder.h"
#include "executor/warning.h"

namespace rw::executor {

using EnvironmentMap = std::map<std::string, std::string>;

struct ScriptEnvironment {
  EnvironmentMap variables;
  Warnings warnings;  // the user's variables that could not be honoured
};

/// `base` is the executor's own environment: only HOME, USER, LOGNAME, LANG, LC_ALL, TZ and PATH
/// are taken from it, and where it says so the folders of libraries' data (TORCH_HOME …); none of
/// them for a container: there the image's own hold. The user's variables win over ours, except
/// RUNWRIGHT_* (a warning); PATH and PYTHONPATH are joined.
ScriptEnvironment MakeEnvironment(const Grant& grant, const RunFolder& folder,
                                  const std::string& server_url, const EnvironmentMap& base);

}  // namespace rw::executor
