// What every command needs: who asks, where the server is, how to print.
#pragma once

#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/terminal.h"
#include "client/api.h"
#include "client/locate.h"

namespace rw::cli {

class Context {
 public:
  Context(client::Surroundings here, CommonOptions common)
      : here_(std::move(here)),
        common_(std::move(common)),
        terminal_(Terminal::OfStdout(common_.no_color)) {}

  const client::Surroundings& here() const { return here_; }
  const CommonOptions& common() const { return common_; }
  const Terminal& terminal() const { return terminal_; }
  bool json() const { return common_.json; }

  /// Found on first use (client::Locate).
  Result<client::Api*> Api();
  /// The URL that was found; "" before.
  const std::string& server() const { return destination_.server; }
  /// Where that server is by now, should it have moved; "" where nothing is known.
  std::string ServerNow() const { return client::AddressNow(here_, destination_.token); }
  /// The run.json of the run that this process is part of and whose executor was found; null
  /// outside.
  Result<json::Value> OwnRun();
  /// The id of the workspace meant: --workspace, the one of config.json, the only one there is.
  Result<std::string> WorkspaceId();

 private:
  client::Surroundings here_;
  CommonOptions common_;
  Terminal terminal_;
  client::Destination destination_;
  std::unique_ptr<client::Api> api_;
  std::string workspace_id_;
};

/// "K=V" → {K: V}, "K" → {K: ""}; kInvalidArgument names `option` for an empty key.
Result<json::Value> Pairs(const std::vector<std::string>& pairs, const std::string& option);

}  // namespace rw::cli
