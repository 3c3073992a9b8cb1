// What `env show|lock|diff|export NAME` mean: a registered environment, a build or what a run used.
#pragma once

#include <optional>
#include <string>

#include "cli/context.h"

namespace rw::cli {

struct EnvSubject {
  std::string kind;   // "environment", "build", "run"
  std::string title;  // "my-env:3", "build 0a1b2c3d4e5f", "run digits_17…"
  std::string name;   // of the environment; else a name made of the id
  json::Value spec;
  json::Value definition;  // of a registered environment
  std::string env_id;
  std::string build_id;  // "" where none is known
  std::string python;    // "3.11.7" of what is built or ran, else as asked for, or ""
  json::Value variables = json::Object();
  json::Value warnings = json::Array();  // [{source, message}]
  /// Absent: not resolved yet, or nothing is installed.
  std::optional<std::string> lock;
  json::Value build;  // as getBuild answers; null where there is none

  json::Value ToJson() const;
};

/// NAME, NAME:VERSION, a run id, or at least six digits of an env_id or build_id, looked for in
/// this order. kNotFound says so.
Result<EnvSubject> FindEnvSubject(Context& context, const std::string& text);

/// The build of an env_id; null where there is none.
Result<json::Value> BuildOf(client::Api& api, const std::string& env_id);

}  // namespace rw::cli
