// What an executor gets when it claims its allocation (docs/dev/formats/run-folder.md).
#pragma once

#include "server/run_ops.h"

namespace rw::server {

/// {"run", "spec"}: everything but token, fence and attempt, which the claim adds.
Result<json::Value> MakeGrant(db::Connection& db, const meta::RunRow& run,
                              const ReadyEnvironment& environment, const GrantFacts& facts);

/// The allocation's run token. Made from the one-time secret, which only the claim carries: a
/// repeated claim gets the same token though the server keeps no more than its hash.
std::string RunToken(const std::string& secret, const std::string& claimant);

}  // namespace rw::server
