#include "server/credential_file.h"

#include <sys/utsname.h>

#include <cstdlib>

#include "os/file_lock.h"
#include "os/paths.h"

namespace rw::server {
namespace {

std::string Environment(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

Credential CredentialOf(const json::Value& entry) {
  Credential out{entry.StringOr("server"), entry.StringOr("host"), entry.StringOr("token"), {}};
  const json::Value& workspaces = entry["workspaces"];
  if (!workspaces.is_array()) return out;
  for (const json::Value& keys : workspaces.as_array())
    out.workspaces.push_back({keys.StringOr("subscription_id"), keys.StringOr("resource_group"),
                              keys.StringOr("workspace_name")});
  return out;
}

json::Value ToJson(const Credential& credential) {
  json::Array workspaces;
  for (const WorkspaceKeys& keys : credential.workspaces) {
    json::Value entry;
    entry.Set("subscription_id", keys.subscription_id).Set("resource_group", keys.resource_group);
    entry.Set("workspace_name", keys.workspace_name);
    workspaces.push_back(std::move(entry));
  }
  json::Value out;
  out.Set("server", credential.server).Set("host", credential.host);
  return out.Set("token", credential.token).Set("workspaces", std::move(workspaces));
}

std::vector<Credential> EntriesOf(const json::Value& document) {
  std::vector<Credential> out;
  const json::Value& servers = document["servers"];
  if (!servers.is_array()) return out;
  for (const json::Value& entry : servers.as_array()) out.push_back(CredentialOf(entry));
  return out;
}

}  // namespace

bool Credential::CountsOn(const std::string& host_name) const {
  return host.empty() || host == host_name || !IsLoopbackUrl(server);
}

CredentialFile CredentialFile::OfThisUser() {
  std::string base = Environment("XDG_CONFIG_HOME");
  if (base.empty()) base = Environment("HOME") + "/.config";
  return CredentialFile(os::PosixFileSystem(), base + "/runwright/credentials.json");
}

Result<json::Value> CredentialFile::Read() const {
  auto text = os::ReadFile(fs_, path_);
  if (!text && text.error().code() == Code::kNotFound) return json::Value(json::Object{});
  if (!text) return std::move(text).error();
  auto document = json::Parse(*text);
  if (!document || !document->is_object())
    return Error(Code::kFailedPrecondition,
                 "the credential file " + path_ + " is no JSON object; repair or remove it");
  return *std::move(document);
}

Result<std::vector<Credential>> CredentialFile::Load() const { return EntriesOf(TRY(Read())); }

Status CredentialFile::Update(const std::function<void(std::vector<Credential>&)>& change) {
  TRY(fs_.MakeDirs(os::DirName(path_), 0700));
  auto lock = TRY(os::FileLock::Wait(path_ + ".lock"));
  json::Value document = TRY(Read());
  std::vector<Credential> entries = EntriesOf(document);
  change(entries);
  json::Array servers;
  for (const Credential& entry : entries) servers.push_back(ToJson(entry));
  document.Set("version", 1).Set("servers", std::move(servers));
  return os::WriteFileAtomically(fs_, path_, json::WritePretty(document) + "\n", 0600);
}

std::optional<Credential> FindCredential(const std::vector<Credential>& all,
                                         const std::string& server,
                                         const std::string& host_name) {
  std::string wanted = server;
  while (!wanted.empty() && wanted.back() == '/') wanted.pop_back();
  for (const Credential& entry : all)
    if (entry.server == wanted && entry.CountsOn(host_name)) return entry;
  return std::nullopt;
}

std::string HostName() {
  utsname name{};
  return uname(&name) == 0 ? name.nodename : "";
}

bool IsLoopbackUrl(const std::string& url) {
  size_t begin = url.find("://");
  std::string_view rest = std::string_view(url).substr(begin == std::string::npos ? 0 : begin + 3);
  return rest.substr(0, 4) == "127." || rest.substr(0, 5) == "[::1]" ||
         rest.substr(0, rest.find_first_of(":/")) == "localhost";
}

}  // namespace rw::server
