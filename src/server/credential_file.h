// The credential file: which servers this user knows, with which token, and which workspaces they hold.
// {"version": 1, "servers": [{"server", "host", "token", "workspaces": [{"subscription_id", "resource_group",
// "workspace_name"}]}]}, 0600, changed under a lock and by rename.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "json/value.h"
#include "os/file_system.h"

namespace rw::server {

struct WorkspaceKeys {
  std::string subscription_id;
  std::string resource_group;
  std::string workspace_name;
  bool operator==(const WorkspaceKeys&) const = default;
};

struct Credential {
  std::string server;  // URL without a '/' at its end
  std::string host;    // name of the machine where it was written: a loopback URL counts only there
  std::string token;
  std::vector<WorkspaceKeys> workspaces;

  /// False for a loopback address of another machine (homes are shared).
  bool CountsOn(const std::string& host_name) const;
};

class CredentialFile {
 public:
  CredentialFile(os::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  /// $XDG_CONFIG_HOME/runwright/credentials.json, else below ~/.config.
  static CredentialFile OfThisUser();

  const std::string& path() const { return path_; }
  /// Empty where there is no file.
  Result<std::vector<Credential>> Load() const;
  /// Reads, lets `change` edit, writes. Members that this version does not know are kept.
  Status Update(const std::function<void(std::vector<Credential>&)>& change);

 private:
  Result<json::Value> Read() const;
  os::FileSystem& fs_;
  std::string path_;
};

/// The entry of `server` that counts on this host.
std::optional<Credential> FindCredential(const std::vector<Credential>& all,
                                         const std::string& server, const std::string& host_name);
/// uname's nodename.
std::string HostName();
/// "http://127.0.0.1:4242", "http://localhost", "http://[::1]:1".
bool IsLoopbackUrl(const std::string& url);

}  // namespace rw::server
