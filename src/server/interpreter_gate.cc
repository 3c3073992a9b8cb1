#include "server/interpreter_gate.h"

#include "base/hash.h"
#include "base/strings.h"

namespace rw::server {

InterpreterGate::InterpreterGate(os::FileSystem& fs, std::string default_python,
                                 std::string search_path)
    : fs_(fs), default_python_(std::move(default_python)), search_path_(std::move(search_path)) {}

Result<std::string> InterpreterGate::Check(const json::Value& spec) {
  std::string kind = spec.StringOr("kind", "interpreter");
  if (kind != "interpreter") {
    return Error(Code::kInvalidArgument,
                 "environment kind '" + kind + "' is not served here; 'interpreter' is",
                 "environment.kind");
  }
  json::Value canonical = json::Object();
  canonical.Set("kind", "interpreter");
  std::string path = spec.StringOr("interpreter_path");
  if (!path.empty()) canonical.Set("interpreter_path", path);
  return Sha256Hex("runwright-env-1\n" + json::Write(canonical));
}

Result<ReadyEnvironment> InterpreterGate::Find(const json::Value& spec) {
  ReadyEnvironment ready;
  ready.env_id = TRY(Check(spec));
  std::string name = spec.StringOr("interpreter_path", default_python_);
  if (name.empty() || (name == "python" && !default_python_.empty())) name = default_python_;
  std::vector<std::string> candidates;
  if (name.find('/') != std::string::npos) {
    candidates.push_back(name);
  } else {
    for (const std::string& folder : Split(search_path_, ':')) {
      if (!folder.empty()) candidates.push_back(folder + "/" + name);
    }
  }
  for (const std::string& path : candidates) {
    if (!path.starts_with('/') || !os::Exists(fs_, path)) continue;
    ready.interpreter = path;
    return ready;
  }
  return Error(Code::kNotFound,
               "no interpreter '" + name + "': give an absolute path of one that exists",
               "environment.interpreter_path");
}

std::optional<ReadyEnvironment> InterpreterGate::Ready(const json::Value& spec) {
  auto found = Find(spec);
  if (!found) return std::nullopt;
  return *std::move(found);
}

void InterpreterGate::Prepare(const json::Value& spec, const RunId& run, OnLog on_log, Done done) {
  (void)run;
  (void)on_log;
  done(Find(spec));
}

}  // namespace rw::server
