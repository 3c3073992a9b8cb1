// ~/.config/runwright/credentials.json: the tokens of the servers that this user may use. The only
// place where the command line finds one on disk; 0600, written by rename under a lock, since
// several programs (and machines, in a shared home) write it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/surroundings.h"
#include "json/value.h"

namespace rw::client {

/// Azure's three keys: what names a workspace.
struct WorkspaceKeys {
  std::string subscription_id;
  std::string resource_group;
  std::string workspace_name;
  bool operator==(const WorkspaceKeys&) const = default;
  json::Value ToJson() const;
  static WorkspaceKeys FromJson(const json::Value& value);
};

struct Credential {
  std::string server;  // URL
  std::string host;    // where it was written
  std::string token;
  std::vector<WorkspaceKeys> workspaces;  // known to be on this server
};

bool SameServer(const std::string& a, const std::string& b);
/// Is this a URL of the machine that asks?
bool IsLoopback(const std::string& server);

class CredentialFile {
 public:
  CredentialFile(std::string path, std::string host)
      : path_(std::move(path)), host_(std::move(host)) {}
  static CredentialFile Of(const Surroundings& s) { return {s.CredentialPath(), s.host}; }
  const std::string& path() const { return path_; }

  /// The entries that count here: one of a loopback address counts on its own host only. An absent
  /// file has none; kFailedPrecondition for a file that cannot be read.
  Result<std::vector<Credential>> Load() const;
  Result<std::optional<Credential>> Find(const std::string& server) const;
  /// Sets the token of a server, keeping the workspaces known of it.
  Status PutToken(const std::string& server, const std::string& token);
  /// The same for a server that is new at this address: what another one left there goes.
  Status PutNewServer(const std::string& server, const std::string& token);
  /// A server has another address now: its entry moves, with token and workspaces.
  Status Move(const std::string& from, const std::string& to);
  /// Notes that `server` holds a workspace; nothing happens where the server has no entry.
  Status AddWorkspace(const std::string& server, const WorkspaceKeys& keys);

 private:
  Result<json::Value> Read() const;
  bool CountsHere(const json::Value& entry) const;
  /// Read, change, write, all under the lock. `change` says whether there is anything to write.
  Status Update(const std::function<bool(json::Array& servers)>& change);

  std::string path_;
  std::string host_;
};

}  // namespace rw::client
