// Allocations as rows: who may write for a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/connection.h"
#include "json/value.h"

namespace rw::meta {

struct AllocationRow {
  int64_t row = 0;
  std::string id;
  int64_t run_row = 0;
  std::string run_id;
  int64_t attempt = 1;
  int64_t fence = 0;        // counts allocations of this server
  std::string state;        // pending, claimed, started, exited, finished, fenced
  int64_t compute_row = 0;  // 0: local
  std::string node;
  std::string secret_hash;
  std::string claimant;  // empty: not claimed
  json::Value grant;     // without token
  int64_t created_us = 0;
  int64_t ended_us = 0;

  bool ended() const { return ended_us != 0; }
};

Result<std::optional<AllocationRow>> FindAllocation(db::Connection& db, const std::string& id);
/// The one that has not ended.
Result<std::optional<AllocationRow>> LiveAllocationOf(db::Connection& db, int64_t run_row);
/// All that have not ended, in the order of their making.
Result<std::vector<AllocationRow>> LiveAllocations(db::Connection& db);

/// Sets row and fence.
Status InsertAllocation(db::Connection& db, AllocationRow& allocation);
Status SetClaimed(db::Connection& db, int64_t row, const std::string& claimant,
                  const std::string& process_json, int64_t now_us);
Status SetAllocationState(db::Connection& db, int64_t row, std::string_view state);
/// Nothing that carries it is accepted any more. `state`: finished (by its executor's word, which
/// may be repeated) or fenced.
Status EndAllocation(db::Connection& db, int64_t row, std::string_view state, int64_t now_us);
/// A new claim secret for one that nobody claimed.
Status SetSecretHash(db::Connection& db, int64_t row, const std::string& secret_hash);

}  // namespace rw::meta
