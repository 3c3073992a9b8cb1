// What a script needs (docs/dev/formats/environment.md), checked and in canonical form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace rw::env {

/// The user name and password for URLs below `url`, kept in the workspace's secret store.
struct CredentialRef {
  std::string url;     // "https://host/prefix"
  std::string secret;  // its text: "user:password", or a bare token
  bool operator==(const CredentialRef&) const = default;
};

/// A framework whose profile says what is installed for it; `name` empty: none.
struct Framework {
  std::string name;     // "pytorch"
  std::string version;  // as asked for, "1.13"; empty: the profile's default
  bool gpu = false;
};

/// The container image that the environment is made on; neither name nor dockerfile: none.
struct Image {
  std::string name;        // "repo/name:tag"
  std::string dockerfile;  // text; instead of `name`
  std::string context;     // snapshot that the Dockerfile copies from; empty: an empty folder
  std::string registry_address;
  std::string registry_username;
  std::string registry_secret;  // name of the workspace secret that holds the password
  std::string platform;         // "linux/amd64"
  std::string login;            // "user:password" where it was opened; no part of the identity
  bool empty() const { return name.empty() && dockerfile.empty(); }
};

/// What profiles add to how packages are resolved and built (env/realise.h); no part of the
/// identity, and empty in a spec as parsed.
struct Recipe {
  /// A requirement whose versions do not work here: the nearest of `range` takes its place.
  struct Replace {
    std::string requirement;  // canonical, as in `requirements`
    std::string range;        // ">=8.4"
    std::string reason;
    bool operator==(const Replace&) const = default;
  };
  std::string base;                            // interpreter, absolute; empty: chosen by `python`
  bool site_packages = false;                  // what the base has installed is seen too
  std::vector<std::string> provided;           // names that it answers: never installed
  std::vector<std::string> build_constraints;  // bound what source builds use: "setuptools<70"
  std::vector<Replace> replace;
};

struct EnvironmentSpec {
  enum class Kind { kInterpreter, kPip, kConda };
  /// What happens where something asked for cannot be had.
  enum class Resolver {
    kNearest,   // the nearest that can, with a warning
    kExact,     // refused
    kProvided,  // what the profile or the interpreter has already
  };
  Kind kind = Kind::kInterpreter;
  std::string interpreter_path = "python";  // kind interpreter
  std::string python;                       // kinds pip, conda: "3.8"; empty: the server's default
  /// Canonical, sorted, without repeats and without what the SDK answers.
  std::vector<std::string> requirements;
  /// Names of the packages of `requirements`; bare URLs have none.
  std::vector<std::string> names;
  std::vector<std::string> constraints;  // canonical, sorted: bound versions, install nothing
  std::string index_url;
  std::vector<std::string> extra_index_urls;
  std::vector<std::string> find_links;
  std::vector<CredentialRef> credentials;   // sorted by url
  std::vector<std::string> conda_packages;  // kind conda: canonical, sorted, without python and pip
  std::vector<std::string> channels;        // kind conda, in the order to search
  Framework framework;
  Resolver resolver = Resolver::kNearest;
  Image image;
  /// Requirements that our own SDK answers: installed by nobody, no part of the identity.
  std::vector<std::string> answered;
  Recipe recipe;
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
