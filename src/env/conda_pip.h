// The pip section of a conda environment: into the same folder, by uv.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "env/conda_driver.h"
#include "env/secrets.h"
#include "env/uv_runner.h"

namespace rw::env {

/// The lines of a lock but those of the packages named (canonical names).
std::string WithoutPackages(std::string_view lock, const std::set<std::string>& names);

class CondaPip {
 public:
  using Done = std::function<void(const Status&)>;
  CondaPip(Loop& loop, const CondaOptions& options);

  /// A virtual environment of a Python of the machine: for channels that have none.
  void MakeVenv(const Interpreter& python, const std::string& folder, const Progress& progress,
                Done done);
  /// What the lock says and nothing else. `folder` takes the requirements file, with passwords, and
  /// is removed by the caller.
  void Install(const EnvironmentSpec& spec, const std::vector<Credential>& credentials,
               const std::string& lock, const std::string& folder, const std::string& prefix,
               const Progress& progress, Done done);

 private:
  Variables VariablesFor(const EnvironmentSpec& spec, const std::string& prefix,
                         Secrets& secrets) const;
  const CondaOptions options_;
  UvRunner runner_;
};

}  // namespace rw::env
