// The server's environment variables, as programs that it starts for environments see them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rw::env {

using Variables = std::map<std::string, std::string, std::less<>>;

/// From "NAME=value" entries; later ones win.
Variables ParseVariables(const std::vector<std::string>& entries);
std::vector<std::string> ToEntries(const Variables& variables);
/// "" where absent.
std::string Get(const Variables& variables, std::string_view name);

/// Without what must not leak into or bend a child: RUNWRIGHT_* (tokens), PYTHONPATH, PYTHONHOME,
/// PYTHONSTARTUP, __PYVENV_LAUNCHER__, VIRTUAL_ENV, CONDA_PREFIX.
Variables ForTools(Variables variables);

}  // namespace rw::env
