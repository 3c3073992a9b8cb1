// What went not quite right and is told with the run.
#pragma once

#include <string>
#include <vector>

namespace rw::executor {

struct Warning {
  std::string source;  // "journal", "outputs", "environment"
  std::string message;
};
using Warnings = std::vector<Warning>;

}  // namespace rw::executor
