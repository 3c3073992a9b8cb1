#include "client/locate.h"

#include <algorithm>

#include "base/strings.h"
#include "os/paths.h"

namespace rw::client {
namespace {

Error Choices(const Surroundings& here, const std::vector<Credential>& known,
              const std::optional<ConfigFile>& config) {
  std::string wanted = config ? " for workspace '" + config->keys.workspace_name + "'" : "";
  if (known.empty())
    return Error(Code::kFailedPrecondition,
                 "no Runwright server is known" + wanted +
                     ". Start one with `runwright init`, or name one with --server or "
                     "RUNWRIGHT_SERVER and RUNWRIGHT_TOKEN. Looked at: config.json in " +
                     here.cwd + " and its parents, " + here.CredentialPath(),
                 "server");
  std::string text =
      "several Runwright servers are known" + wanted + " and nothing says which one is meant:";
  for (const Credential& credential : known) {
    std::vector<std::string> names;
    for (const WorkspaceKeys& keys : credential.workspaces) names.push_back(keys.workspace_name);
    text += "\n  " + credential.server;
    if (!names.empty()) text += "  (workspaces: " + Join(names, ", ") + ")";
  }
  return Error(
      Code::kFailedPrecondition,
      text + "\nName one with --server or RUNWRIGHT_SERVER, or put \"server\" into config.json",
      "server");
}

/// The one server that counts here and is known to hold the workspace, else the only server there
/// is.
Result<std::string> FromCredentials(const Surroundings& here,
                                    const std::optional<ConfigFile>& config) {
  std::vector<Credential> known = TRY(CredentialFile::Of(here).Load());
  std::vector<std::string> holders;
  for (const Credential& credential : known)
    if (config &&
        std::count(credential.workspaces.begin(), credential.workspaces.end(), config->keys))
      holders.push_back(credential.server);
  if (holders.size() == 1) return holders[0];
  if (known.size() == 1) return known[0].server;
  return Choices(here, known, config);
}

Result<Destination> WithToken(const Surroundings& here, Destination destination) {
  while (destination.server.ends_with('/')) destination.server.pop_back();
  destination.token = TRY(TokenFor(here, destination.server));
  if (!destination.token.empty()) return destination;
  return Error(Code::kUnauthenticated,
               "no token is known for " + destination.server + " (from " + destination.source +
                   "). Put it into RUNWRIGHT_TOKEN, or run `runwright init --server " +
                   destination.server + "`, which asks for it and keeps it in " +
                   here.CredentialPath());
}
}  // namespace

Result<std::string> TokenFor(const Surroundings& here, const std::string& server) {
  std::string token = here.Variable("RUNWRIGHT_TOKEN");
  std::string named = here.Variable("RUNWRIGHT_SERVER");
  if (!token.empty() && !named.empty() && SameServer(named, server)) return token;
  std::optional<Credential> entry = TRY(CredentialFile::Of(here).Find(server));
  if (entry && !entry->token.empty()) return entry->token;
  return named.empty() ? token : std::string();
}

std::string AddressNow(const Surroundings& here, const std::string& token) {
  auto known = CredentialFile::Of(here).Load();
  if (!known || token.empty()) return "";
  for (const Credential& credential : *known)
    if (credential.token == token) return credential.server;
  return "";
}

Result<Destination> Locate(const Surroundings& here, const std::string& named) {
  std::optional<ConfigFile> config = TRY(FindConfig(here.cwd));
  Destination out;
  if (config) out.workspace = config->keys;
  std::string variable = here.Variable("RUNWRIGHT_SERVER");
  std::string run_folder = here.Variable("RUNWRIGHT_RUN_DIR");
  if (!named.empty()) {
    out.server = named;
    out.source = "--server";
  } else if (!variable.empty()) {
    out.server = variable;
    out.source = "RUNWRIGHT_SERVER";
  } else if (!run_folder.empty()) {
    out.server = "unix:" + os::JoinPath(run_folder, "exec.sock");
    out.source = "RUNWRIGHT_RUN_DIR";
    return out;
  } else if (config && !config->server.empty()) {
    out.server = config->server;
    out.source = config->path;
  } else {
    out.server = TRY(FromCredentials(here, config));
    out.source = here.CredentialPath();
  }
  return WithToken(here, std::move(out));
}

}  // namespace rw::client
