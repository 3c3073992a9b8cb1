#include "env/variables.h"

#include <algorithm>
#include <array>

namespace rw::env {

Variables ParseVariables(const std::vector<std::string>& entries) {
  Variables out;
  for (const std::string& entry : entries) {
    size_t equals = entry.find('=');
    if (equals != std::string::npos && equals > 0)
      out[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return out;
}

std::vector<std::string> ToEntries(const Variables& variables) {
  std::vector<std::string> out;
  for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
  return out;
}

std::string Get(const Variables& variables, std::string_view name) {
  auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

Variables ForTools(Variables variables) {
  constexpr std::array<std::string_view, 6> kDropped = {"PYTHONPATH",    "PYTHONHOME",
                                                        "PYTHONSTARTUP", "__PYVENV_LAUNCHER__",
                                                        "VIRTUAL_ENV",   "CONDA_PREFIX"};
  std::erase_if(variables, [&](const auto& variable) {
    return variable.first.starts_with("RUNWRIGHT_") ||
           std::find(kDropped.begin(), kDropped.end(), variable.first) != kDropped.end();
  });
  return variables;
}

}  // namespace rw::env
