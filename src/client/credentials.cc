#include "client/credentials.h"

#include "net/url.h"
#include "os/file_lock.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::client {
namespace {

Credential FromJson(const json::Value& entry) {
  Credential credential{
      entry.StringOr("server"), entry.StringOr("host"), entry.StringOr("token"), {}};
  if (entry["workspaces"].is_array())
    for (const json::Value& keys : entry["workspaces"].as_array())
      credential.workspaces.push_back(WorkspaceKeys::FromJson(keys));
  return credential;
}
}  // namespace

json::Value WorkspaceKeys::ToJson() const {
  json::Value out;
  out.Set("subscription_id", subscription_id).Set("resource_group", resource_group);
  return out.Set("workspace_name", workspace_name);
}

WorkspaceKeys WorkspaceKeys::FromJson(const json::Value& value) {
  return {value.StringOr("subscription_id"), value.StringOr("resource_group"),
          value.StringOr("workspace_name")};
}

bool SameServer(const std::string& a, const std::string& b) {
  auto bare = [](std::string_view url) {
    while (url.ends_with('/')) url.remove_suffix(1);
    return url;
  };
  return bare(a) == bare(b);
}

bool IsLoopback(const std::string& server) {
  auto url = net::ParseUrl(server);
  if (!url) return false;
  return url->host == "localhost" || url->host == "::1" || url->host.starts_with("127.");
}

Result<json::Value> CredentialFile::Read() const {
  auto text = os::ReadFile(os::PosixFileSystem(), path_);
  if (!text && text.error().code() == Code::kNotFound) return json::Value(json::Object());
  if (!text) return text.error();
  auto document = json::Parse(*text);
  if (!document || !document->is_object())
    return Error(Code::kFailedPrecondition,
                 "the credential file " + path_ + " is no JSON object; correct it or move it away");
  return document;
}

bool CredentialFile::CountsHere(const json::Value& entry) const {
  std::string host = entry.StringOr("host");
  return host.empty() || host == host_ || !IsLoopback(entry.StringOr("server"));
}

Result<std::vector<Credential>> CredentialFile::Load() const {
  json::Value document = TRY(Read());
  std::vector<Credential> out;
  if (!document["servers"].is_array()) return out;
  for (const json::Value& entry : document["servers"].as_array())
    if (!entry.StringOr("server").empty() && CountsHere(entry)) out.push_back(FromJson(entry));
  return out;
}

Result<std::optional<Credential>> CredentialFile::Find(const std::string& server) const {
  for (Credential& credential : TRY(Load()))
    if (SameServer(credential.server, server)) return std::optional(std::move(credential));
  return std::optional<Credential>();
}

Status CredentialFile::Update(const std::function<bool(json::Array& servers)>& change) {
  os::FileSystem& fs = os::PosixFileSystem();
  TRY(fs.MakeDirs(os::DirName(path_), 0700));
  // Beside the file: the file itself is replaced, so it cannot be locked.
  auto lock = TRY(os::FileLock::Wait(path_ + ".lock"));
  json::Value document = TRY(Read());
  json::Array servers;
  if (document["servers"].is_array()) servers = document["servers"].as_array();
  if (!change(servers)) return Ok();
  document.Set("version", 1).Set("servers", std::move(servers));
  return os::WriteFileAtomically(fs, path_, json::WritePretty(document) + "\n", 0600);
}

Status CredentialFile::PutToken(const std::string& server, const std::string& token) {
  return Update([&](json::Array& servers) {
    for (json::Value& entry : servers) {
      if (!SameServer(entry.StringOr("server"), server) || !CountsHere(entry)) continue;
      if (entry.StringOr("token") == token && entry.StringOr("host") == host_) return false;
      entry.Set("token", token).Set("host", host_);
      return true;
    }
    json::Value entry;
    entry.Set("server", server).Set("host", host_).Set("token", token);
    servers.push_back(entry.Set("workspaces", json::Array()));
    return true;
  });
}

Status CredentialFile::PutNewServer(const std::string& server, const std::string& token) {
  return Update([&](json::Array& servers) {
    std::erase_if(servers, [&](const json::Value& entry) {
      return SameServer(entry.StringOr("server"), server) && CountsHere(entry);
    });
    json::Value entry;
    entry.Set("server", server).Set("host", host_).Set("token", token);
    servers.push_back(entry.Set("workspaces", json::Array()));
    return true;
  });
}

Status CredentialFile::Move(const std::string& from, const std::string& to) {
  return Update([&](json::Array& servers) {
    auto is = [this](const json::Value& entry, const std::string& server) {
      return SameServer(entry.StringOr("server"), server) && CountsHere(entry);
    };
    json::Value moved;
    for (const json::Value& entry : servers)
      if (is(entry, from)) moved = entry;
    if (moved.is_null()) return false;
    std::erase_if(servers,
                  [&](const json::Value& entry) { return is(entry, from) || is(entry, to); });
    servers.push_back(moved.Set("server", to));
    return true;
  });
}

Status CredentialFile::AddWorkspace(const std::string& server, const WorkspaceKeys& keys) {
  return Update([&](json::Array& servers) {
    for (json::Value& entry : servers) {
      if (!SameServer(entry.StringOr("server"), server) || !CountsHere(entry)) continue;
      for (const WorkspaceKeys& known : FromJson(entry).workspaces)
        if (known == keys) return false;
      json::Value workspaces = entry["workspaces"];
      entry.Set("workspaces", workspaces.Append(keys.ToJson()));
      return true;
    }
    return false;
  });
}

}  // namespace rw::client
