// Takes the allocation: once for good, however often the executor dies in the middle of it.
#pragma once

#include <functional>
#include <string>

#include "executor/context.h"
#include "executor/grant.h"
#include "executor/lifetime.h"
#include "executor/run_folder.h"
#include "executor/server_link.h"

namespace rw::executor {

struct ClaimResult {
  bool granted = false;
  std::string text;  // the grant as it came
  Grant grant;
  std::string refusal;
};

class Claimer {
 public:
  Claimer(Context& context, ServerLink& server, RunFolder folder, Claim claim, std::string host,
          int pid);

  /// From state/grant.json, else from the server. `done` comes once, on the loop, never before this
  /// returns. An error: the claimant id could not be made durable, so nothing was claimed.
  Status Start(std::function<void(ClaimResult)> done);

 private:
  Result<std::string> Claimant();
  void Answered(const net::Response& response);

  Context& context_;
  ServerLink& server_;
  RunFolder folder_;
  Claim claim_;
  std::string host_;
  int pid_;
  std::function<void(ClaimResult)> done_;
  Lifetime lifetime_;
};

}  // namespace rw::executor
