#include "client/config_file.h"

#include "base/strings.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::client {
namespace {
constexpr const char* kPlaces[] = {"config.json", ".azureml/config.json", "aml_config/config.json"};
constexpr const char* kKeys[] = {"subscription_id", "resource_group", "workspace_name"};

Result<json::Value> ReadJson(const std::string& path) {
  std::string text = TRY(os::ReadFile(os::PosixFileSystem(), path, 1 << 20));
  std::string_view body = text;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  auto document = json::Parse(body);
  if (!document)
    return Error(Code::kInvalidArgument, path + " is not JSON: " + document.error().message(),
                 "config.json");
  return document;
}

std::string Differences(const ConfigFile& there, const ConfigFile& wanted) {
  std::vector<std::string> out;
  auto compare = [&](const char* key, const std::string& a, const std::string& b) {
    if (a != b) out.push_back(std::string(key) + " is '" + a + "', not '" + b + "'");
  };
  compare(kKeys[0], there.keys.subscription_id, wanted.keys.subscription_id);
  compare(kKeys[1], there.keys.resource_group, wanted.keys.resource_group);
  compare(kKeys[2], there.keys.workspace_name, wanted.keys.workspace_name);
  if (!SameServer(there.server, wanted.server)) compare("server", there.server, wanted.server);
  return Join(out, ", ");
}
}  // namespace

Result<ConfigFile> ReadConfig(const std::string& path) {
  json::Value document = TRY(ReadJson(path));
  for (const char* key : kKeys)
    if (document.StringOr(key).empty())
      return Error(Code::kInvalidArgument,
                   path + " lacks " + key +
                       "; `runwright init` in a folder without config.json writes a complete one",
                   key);
  return ConfigFile{path, WorkspaceKeys::FromJson(document), document.StringOr("server")};
}

Result<std::optional<ConfigFile>> FindConfig(const std::string& folder) {
  os::FileSystem& fs = os::PosixFileSystem();
  for (std::string at = folder;; at = os::DirName(at)) {
    for (const char* place : kPlaces) {
      std::string path = os::JoinPath(at, place);
      if (!os::Exists(fs, path)) continue;
      auto document = ReadJson(path);
      if (!document || document->StringOr("workspace_name").empty()) continue;
      return std::optional(TRY(ReadConfig(path)));
    }
    if (at == "/" || at.empty()) return std::optional<ConfigFile>();
  }
}

Status WriteConfig(const ConfigFile& config) {
  os::FileSystem& fs = os::PosixFileSystem();
  if (os::Exists(fs, config.path)) {
    auto there = ReadConfig(config.path);
    std::string differs = there ? Differences(*there, config) : there.error().message();
    if (differs.empty()) return Ok();
    return Error(Code::kConflict,
                 config.path + " is there already and is another one (" + differs +
                     "); it is left as it is. Move it away, or choose another folder");
  }
  TRY(fs.MakeDirs(os::DirName(config.path)));
  json::Value document = config.keys.ToJson();
  if (!config.server.empty()) document.Set("server", config.server);
  return os::WriteFileAtomically(fs, config.path, json::WritePretty(document) + "\n");
}

}  // namespace rw::client
