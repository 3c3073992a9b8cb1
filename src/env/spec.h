// What a script needs (docs/dev/formats/environment.md), checked and in canonical form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace rw::env {

struct EnvironmentSpec {
  enum class Kind { kInterpreter, kPip };
  Kind kind = Kind::kInterpreter;
  std::string interpreter_path = "python";  // kind interpreter
  std::string python;                       // kind pip: "3.8"; empty: the server's default
  /// Canonical, sorted, without repeats and without what the SDK answers.
  std::vector<std::string> requirements;
  /// Names of the packages of `requirements`; bare URLs have none.
  std::vector<std::string> names;
  std::string index_url;
  std::vector<std::string> extra_index_urls;
  std::vector<std::string> find_links;
  /// Requirements that our own SDK answers: installed by nobody, no part of the identity.
  std::vector<std::string> answered;
};

/// null and {} are the default: kind interpreter, "python". kInvalidArgument names the member, the
/// cause and what to write; unknown members are refused, except those that do not count (name,
/// version, environment_variables, docker, env_id, build_id).
Result<EnvironmentSpec> ParseSpec(const json::Value& value);

/// Canonical form as JSON text; equal for specs that need the same.
std::string CanonicalText(const EnvironmentSpec& spec);

/// SHA-256 hex of "runwright-env-1\n" + canonical form.
std::string EnvId(const EnvironmentSpec& spec);

/// SHA-256 hex of "runwright-build-1\n" + lock + "\n" + platform + "\n" + interpreter.
/// `platform`: "linux-x86_64-glibc2.36"; `interpreter`: "cpython-3.11.7 /path".
std::string MakeBuildId(std::string_view lock, std::string_view platform,
                        std::string_view interpreter);

}  // namespace rw::env
