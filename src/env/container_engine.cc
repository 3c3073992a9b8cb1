#include "env/container_engine.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "env/programs.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// "host", "host:port" or "localhost", as the first part of a name.
bool IsRegistry(std::string_view part) {
  return part.find('.') != std::string_view::npos || part.find(':') != std::string_view::npos ||
         part == "localhost";
}

bool HasAny(std::string_view text, std::initializer_list<std::string_view> needles) {
  std::string low = Lower(std::string(text));
  return std::any_of(needles.begin(), needles.end(), [&](std::string_view needle) {
    return low.find(needle) != std::string::npos;
  });
}

/// The last line that tells an error, without its lead.
std::string Cause(std::string_view words) {
  std::vector<std::string> lines = Split(Trim(words), '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    for (std::string_view lead : {"Error: ", "error: ", "Error response from daemon: ", "ERROR: "})
      if (line->starts_with(lead)) return line->substr(lead.size());
  return lines.empty() ? "" : lines.back();
}

std::string NextStep(EngineFailure failure, const std::string& registry) {
  std::string of = registry.empty() ? "" : " " + registry;
  switch (failure) {
    case EngineFailure::kUnknownImage:
      return "Check the image's name and tag; a private registry also answers so without a login "
             "(base_image_registry).";
    case EngineFailure::kLogin:
      return "Give base_image_registry the right username and password for registry" + of + ".";
    case EngineFailure::kUnreachable:
      return "Registry" + of +
             " was not reached: check the server's network, proxy and DNS, or load the image "
             "beforehand (podman load, docker load), then submit again.";
    case EngineFailure::kPlainHttp:
      return "Registry" + of +
             " speaks no TLS: allow that in the engine's registries.conf (insecure = true) or "
             "daemon.json (insecure-registries).";
    case EngineFailure::kPlatform:
      return "The image has nothing for this machine's processor: choose another one or set its "
             "platform.";
    case EngineFailure::kService:
      return "Start the engine's service, or let the server's user reach it, then submit again.";
    case EngineFailure::kNoSpace:
      return "Free space in the engine's storage (podman system prune, docker system prune), then "
             "submit again.";
    case EngineFailure::kOther:
      return "";
  }
  return "";
}

Code CodeOf(EngineFailure failure) {
  if (failure == EngineFailure::kNoSpace) return Code::kNoSpace;
  if (failure == EngineFailure::kUnreachable || failure == EngineFailure::kService)
    return Code::kUnavailable;
  return Code::kInvalidArgument;
}
}  // namespace

std::string FindEngine(const Variables& variables, const std::string& given) {
  if (!given.empty()) {
    if (given.find('/') == std::string::npos) return FindProgram(variables, "", given);
    return IsProgram(given) ? given : "";
  }
  std::string podman = FindProgram(variables, "", "podman");
  return podman.empty() ? FindProgram(variables, "", "docker") : podman;
}

bool IsDocker(const std::string& engine) {
  return engine.substr(engine.rfind('/') + 1).find("docker") != std::string::npos;
}

Variables EngineVariables(const Variables& server, bool network) {
  constexpr std::array<std::string_view, 22> kNames = {"PATH",
                                                       "HOME",
                                                       "USER",
                                                       "LOGNAME",
                                                       "LANG",
                                                       "TMPDIR",
                                                       "XDG_RUNTIME_DIR",
                                                       "XDG_CONFIG_HOME",
                                                       "XDG_DATA_HOME",
                                                       "DBUS_SESSION_BUS_ADDRESS",
                                                       "DOCKER_HOST",
                                                       "DOCKER_CONTEXT",
                                                       "DOCKER_CERT_PATH",
                                                       "DOCKER_TLS_VERIFY",
                                                       "CONTAINERS_CONF",
                                                       "CONTAINERS_STORAGE_CONF",
                                                       "CONTAINERS_REGISTRIES_CONF",
                                                       "CONTAINER_HOST",
                                                       "CONTAINER_CONNECTION",
                                                       "STORAGE_DRIVER",
                                                       "STORAGE_OPTS",
                                                       "BUILDAH_ISOLATION"};
  constexpr std::array<std::string_view, 10> kNetwork = {
      "HTTP_PROXY", "HTTPS_PROXY",   "NO_PROXY",     "http_proxy",         "https_proxy",
      "no_proxy",   "SSL_CERT_FILE", "SSL_CERT_DIR", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG"};
  Variables out;
  auto keep = [&](std::string_view name) {
    auto found = server.find(name);
    if (found != server.end()) out.insert(*found);
  };
  for (std::string_view name : kNames) keep(name);
  if (!network) return out;
  for (std::string_view name : kNetwork) keep(name);
  return out;
}

EngineFacts ReadEngineInfo(const json::Value& info, bool docker, unsigned uid, unsigned gid) {
  EngineFacts out;
  out.user = "0:0";
  if (!docker) {
    const json::Value& store = info["store"];
    std::string root = store.StringOr("graphRoot");
    if (!root.empty()) out.images = root + "/" + store.StringOr("graphDriverName") + "-images";
    return out;
  }
  bool rootless = false;
  if (info["SecurityOptions"].is_array())
    for (const json::Value& option : info["SecurityOptions"].as_array())
      rootless = rootless || (option.is_string() && option.as_string() == "name=rootless");
  // The daemon is root: whoever runs in its containers leaves files of that number.
  if (!rootless) out.user = std::to_string(uid) + ":" + std::to_string(gid);
  return out;
}

std::vector<std::string> GpuArguments(const std::vector<std::string>& devices, bool docker,
                                      bool cdi) {
  std::vector<std::string> nvidia;
  std::vector<std::string> amd;
  bool any = false;
  for (const std::string& name : devices) {
    if (name == "kfd") amd = {"--device=/dev/kfd", "--device=/dev/dri"};
    if (!name.starts_with("nvidia")) continue;
    any = any || ParseInt(name.substr(6)).has_value();
    bool folder = name == "nvidia-caps" || name == "nvidia-fs";
    if (!folder) nvidia.push_back("--device=/dev/" + name);
  }
  if (!any) return amd;
  if (docker) return {"--gpus=all"};
  if (cdi) return {"--device=nvidia.com/gpu=all"};
  std::sort(nvidia.begin(), nvidia.end());
  return nvidia;
}

std::string PullName(const Image& image) {
  std::string name = image.name;
  std::string address = image.registry_address;
  if (size_t scheme = address.find("://"); scheme != std::string::npos)
    address = address.substr(scheme + 3);
  while (address.ends_with('/')) address.pop_back();
  size_t slash = name.find('/');
  bool spelled_out = slash != std::string::npos && IsRegistry(name.substr(0, slash));
  if (spelled_out) return name;
  if (!address.empty()) return address + "/" + name;
  return slash == std::string::npos ? "docker.io/library/" + name : "docker.io/" + name;
}

std::string RegistryOf(std::string_view pull_name) {
  size_t slash = pull_name.find('/');
  return slash == std::string_view::npos ? "" : std::string(pull_name.substr(0, slash));
}

std::string AuthFile(const std::string& registry, const std::string& text) {
  json::Value one = json::Object{{"auth", Base64Encode(text)}};
  json::Value all = json::Object();
  all.Set(registry, one);
  // Docker keeps its hub under an address of its own.
  if (registry == "docker.io") all.Set("https://index.docker.io/v1/", one);
  json::Value out = json::Object();
  return json::Write(out.Set("auths", std::move(all)));
}

Result<ImageFacts> ReadInspect(std::string_view out) {
  json::Value list = TRY(json::Parse(out));
  if (!list.is_array() || list.as_array().empty())
    return Error(Code::kNotFound, "the engine tells nothing of the image");
  const json::Value& one = list.as_array()[0];
  ImageFacts facts;
  facts.id = TRY(json::RequireString(one, "Id"));
  if (!facts.id.starts_with("sha256:")) facts.id.insert(0, "sha256:");
  facts.bytes = static_cast<uint64_t>(std::max<int64_t>(one.IntOr("Size", 0), 0));
  return facts;
}

EngineFailure ClassifyEngine(std::string_view words) {
  if (HasAny(words, {"no space left on device", "disk quota exceeded"}))
    return EngineFailure::kNoSpace;
  if (HasAny(words, {"cannot connect to the docker daemon", "cannot connect to podman",
                     "permission denied while trying to connect"}))
    return EngineFailure::kService;
  if (HasAny(words, {"server gave http response to https client"}))
    return EngineFailure::kPlainHttp;
  if (HasAny(words, {"unauthorized", "authentication required", "invalid username/password",
                     "incorrect username or password", "no basic auth credentials",
                     "status code 401", "401 unauthorized"}))
    return EngineFailure::kLogin;
  if (HasAny(words, {"no image found in manifest list", "no matching manifest for",
                     "no image found in image index"}))
    return EngineFailure::kPlatform;
  if (HasAny(words, {"manifest unknown", "name unknown", "not known", "repository does not exist",
                     "pull access denied", "requested access to the resource is denied",
                     "manifest not found", "not found: manifest", "no such image",
                     "invalid reference format"}))
    return EngineFailure::kUnknownImage;
  if (HasAny(words, {"dial tcp", "no such host", "connection refused", "i/o timeout",
                     "network is unreachable", "tls handshake timeout", "connection reset",
                     "context deadline exceeded", "unexpected eof", "no route to host",
                     "x509: certificate", "proxyconnect"}))
    return EngineFailure::kUnreachable;
  return EngineFailure::kOther;
}

Error EngineError(std::string_view what, std::string_view words, const Image& image,
                  const std::string& registry) {
  EngineFailure failure = ClassifyEngine(words);
  std::string message = "cannot " + std::string(what) + ": ";
  message += failure == EngineFailure::kLogin && image.registry_username.empty()
                 ? "the registry wants a login"
             : failure == EngineFailure::kLogin
                 ? "the registry refuses the password of user " + image.registry_username
             : failure == EngineFailure::kUnknownImage ? "there is no such image"
                                                       : Cause(words);
  bool told = failure == EngineFailure::kLogin || failure == EngineFailure::kUnknownImage;
  if (told) message += " (" + Cause(words) + ")";
  std::string next = NextStep(failure, registry);
  if (!next.empty()) message += "\n" + next;
  return Error(CodeOf(failure), std::move(message), "environment.image");
}

}  // namespace rw::env
