#include "env/image_containers.h"

#include <algorithm>

#include "base/strings.h"
#include "os/bind_mount.h"

namespace rw::env {
namespace {
constexpr char kGuardInside[] = "/run/runwright-guard";

/// In Python 2.7's words, so that an old one can say that it is too old.
constexpr char kProbe[] =
    "import json,platform,sys; print(json.dumps({'version': '%d.%d.%d' % "
    "tuple(sys.version_info[:3]),"
    " 'path': sys.executable, 'prefix': sys.prefix,"
    " 'implementation': platform.python_implementation().lower()}))";

void Append(std::string& out, std::string_view key, std::string_view value) {
  out.append(key).append(value).push_back('\0');
}

/// The path at `at`, up to what ends one in a requirement line or URL.
std::string PathAt(std::string_view text, size_t at) {
  size_t end = text.find_first_of("#;, \t\r\n", at);
  return std::string(text.substr(at, end == std::string_view::npos ? end : end - at));
}

void AddPaths(std::string_view text, std::vector<std::string>& out) {
  for (size_t at = 0; (at = text.find("file://", at)) != std::string_view::npos;) {
    at += 7;
    std::string path = PathAt(text, at);
    if (path.starts_with('/')) out.push_back(path);
  }
  for (std::string_view lead : {"@ /", "@/", "-e /"})
    if (size_t at = text.find(lead); at != std::string_view::npos)
      out.push_back(PathAt(text, at + lead.size() - 1));
  if (text.starts_with('/')) out.push_back(PathAt(text, 0));
}
}  // namespace

std::string PathInImage(const std::string& image, const std::string& path) {
  return image + ":" + path;
}
std::string ImageOfPath(const std::string& path) { return path.substr(0, path.find(":/")); }
std::string InsideOfPath(const std::string& path) {
  size_t at = path.find(":/");
  return at == std::string::npos ? std::string() : path.substr(at + 1);
}

Interpreter WithoutPython(const std::string& image) { return {image, "none", "", image, ""}; }

std::vector<std::string> WorkCommand(const WorkContainer& container, bool keep) {
  std::vector<std::string> out = {container.engine, keep ? "create" : "run"};
  if (!keep) out.emplace_back("--rm");
  // podman would hand on the server's proxies, with their passwords, and keep them in the image.
  if (!IsDocker(container.engine)) out.emplace_back("--http-proxy=false");
  for (const char* option : {"--pull=never", "--network=host", "--uts=host", "--user=0:0",
                             "--log-driver=none", "--security-opt=label=disable", "--workdir=/"})
    out.emplace_back(option);
  out.push_back("--name=" + container.name);
  out.push_back("--label=runwright.part=" + container.part);
  out.push_back(os::BindMountOption(container.part, container.part, false));
  out.push_back(os::BindMountOption(container.guard, kGuardInside, true));
  if (!container.uv.empty())
    out.push_back(os::BindMountOption(container.uv, std::string(kUvInside), true));
  for (const std::string& path : container.read_only)
    out.push_back(os::BindMountOption(path, path, true));
  for (const std::string& path : container.writable)
    out.push_back(os::BindMountOption(path, path, false));
  out.push_back(std::string("--entrypoint=") + kGuardInside);
  out.push_back(container.image);
  out.push_back(container.part);
  return out;
}

std::string InsideText(const std::vector<std::string>& arguments, const Variables& variables,
                       const std::string& working_folder) {
  std::string out;
  Append(out, "cwd=", working_folder);
  for (const std::string& argument : arguments) Append(out, "arg=", argument);
  for (const auto& [name, value] : variables) Append(out, "env=", name + "=" + value);
  return out;
}

std::vector<std::string> LocalPaths(const EnvironmentSpec& spec, const Variables& uv) {
  std::vector<std::string> out;
  for (const auto* list : {&spec.requirements, &spec.find_links, &spec.extra_index_urls})
    for (const std::string& text : *list) AddPaths(text, out);
  AddPaths(spec.index_url, out);
  for (const char* name : {"UV_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX",
                           "UV_EXTRA_INDEX_URL", "UV_CONSTRAINT"}) {
    std::string value = Get(uv, name);
    std::replace(value.begin(), value.end(), ',', ' ');
    for (const std::string& word : Split(value, ' ')) AddPaths(word, out);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::string> ProbeArguments() { return {"-c", kProbe}; }

Result<Interpreter> ReadProbe(const std::string& image, std::string_view out) {
  json::Value answer = TRY(json::Parse(Trim(out)));
  Interpreter found;
  found.path = PathInImage(image, TRY(json::RequireString(answer, "path")));
  found.base_path = found.path;
  found.version = TRY(json::RequireString(answer, "version"));
  found.implementation = answer.StringOr("implementation", "cpython");
  found.prefix = answer.StringOr("prefix");
  return found;
}

json::Value ToJson(const ImageRecord& record) {
  json::Value out = json::Object();
  out.Set("engine", record.engine).Set("image", record.image);
  out.Set("interpreter", record.interpreter).Set("bin", record.bin);
  out.Set("tag", record.tag).Set("base", record.base);
  return out.Set("images", record.images).Set("user", record.user);
}

Result<ImageRecord> ReadImageRecord(std::string_view text) {
  json::Value value = TRY(json::Parse(text));
  ImageRecord out;
  out.engine = TRY(json::RequireString(value, "engine"));
  out.image = TRY(json::RequireString(value, "image"));
  out.interpreter = value.StringOr("interpreter");
  out.bin = value.StringOr("bin");
  out.tag = value.StringOr("tag");
  out.base = value.StringOr("base");
  out.images = value.StringOr("images");
  out.user = value.StringOr("user");
  return out;
}

}  // namespace rw::env
