// Which server is meant, and with which token.
#pragma once

#include <optional>
#include <string>

#include "client/config_file.h"

namespace rw::client {

struct Destination {
  std::string server;                      // URL; "unix:…/exec.sock" inside of a run
  std::string token;                       // "" at exec.sock, which needs none
  std::string source;                      // what decided, for messages
  std::optional<WorkspaceKeys> workspace;  // of the config.json that was found
};

/// In this order: `named` (--server), RUNWRIGHT_SERVER, the executor of the run that this process
/// is part of, config.json in the current folder or its parents, the only entry of the credential
/// file. kFailedPrecondition lists the choices; kUnauthenticated when no token is known for the
/// server.
Result<Destination> Locate(const Surroundings& here, const std::string& named);

/// Where the server that takes this token is by now, as the credential file says: a server of this
/// machine that starts at another address moves its entry. "" where nothing is known.
std::string AddressNow(const Surroundings& here, const std::string& token);

/// RUNWRIGHT_TOKEN where RUNWRIGHT_SERVER names this server, the credential file, then
/// RUNWRIGHT_TOKEN where no RUNWRIGHT_SERVER says that it belongs elsewhere. "" where there is
/// none.
Result<std::string> TokenFor(const Surroundings& here, const std::string& server);

}  // namespace rw::client
