// podman or docker, as far as it can be said without starting it: where it is, what its command
// lines look like, what its words mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/spec.h"
#include "env/variables.h"
#include "json/value.h"

namespace rw::env {

/// "podman" and then "docker" on PATH; `given` (a path or a name) wins. "" where there is none.
std::string FindEngine(const Variables& variables, const std::string& given);
bool IsDocker(const std::string& engine);

/// What the engine's client needs of the server's variables; with proxies and certificates where it
/// reaches for registries itself.
Variables EngineVariables(const Variables& server, bool network);

/// What is asked of the engine once.
struct EngineFacts {
  std::string images;  // folder with one entry an image, by its id; "" where it cannot be seen
  std::string user;    // "0:0": whose files in mounted folders belong to this user
};
/// From `podman info` or `docker info`, as JSON.
EngineFacts ReadEngineInfo(const json::Value& info, bool docker, unsigned uid, unsigned gid);

/// Options that pass on the GPUs of this machine, of which /dev (`devices`) tells; none where there
/// are none. `cdi`: podman knows them by the Container Device Interface.
std::vector<std::string> GpuArguments(const std::vector<std::string>& devices, bool docker,
                                      bool cdi);

/// Where an image of the spec is pulled from: the registry's address in front where the name has
/// none; Docker Hub spelled out, which podman does not assume.
std::string PullName(const Image& image);
/// The registry's host in a name that is spelled out: what credentials are kept by.
std::string RegistryOf(std::string_view pull_name);
/// config.json of docker, auth.json of podman. `text` is "user:password".
std::string AuthFile(const std::string& registry, const std::string& text);

/// One image of `image inspect`.
struct ImageFacts {
  std::string id;  // "sha256:…"
  uint64_t bytes = 0;
};
Result<ImageFacts> ReadInspect(std::string_view out);

/// Why an engine did not do what it was asked to.
enum class EngineFailure {
  kUnknownImage,
  kLogin,        // wrong or no password
  kUnreachable,  // registry
  kPlainHttp,    // the registry speaks no TLS
  kPlatform,
  kService,  // docker's daemon
  kNoSpace,
  kOther,
};
EngineFailure ClassifyEngine(std::string_view words);
/// kUnavailable for what may work later, kNoSpace, else kInvalidArgument. `what`: "fetch image X".
Error EngineError(std::string_view what, std::string_view words, const Image& image,
                  const std::string& registry);

}  // namespace rw::env
