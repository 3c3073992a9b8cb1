// Environments of kind "interpreter" only: an existing Python, nothing is installed.
#pragma once

#include <string>

#include "os/file_system.h"
#include "server/environment_gate.h"

namespace rw::server {

class InterpreterGate final : public EnvironmentGate {
 public:
  /// `search_path`: folders separated by ':' where a bare name is looked for.
  InterpreterGate(os::FileSystem& fs, std::string default_python, std::string search_path);
  Result<std::string> Check(const json::Value& spec) override;
  std::optional<ReadyEnvironment> Ready(const json::Value& spec) override;
  void Prepare(const json::Value& spec, const RunId& run, OnLog on_log, Done done) override;
  void Forget(const RunId& run) override { (void)run; }

 private:
  Result<ReadyEnvironment> Find(const json::Value& spec);

  os::FileSystem& fs_;
  std::string default_python_;
  std::string search_path_;
};

}  // namespace rw::server
