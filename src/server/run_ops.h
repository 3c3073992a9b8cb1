// What happens to runs and allocations inside the writer's transactions. Nothing of the loop is
// touched here: everything needed is passed by value, and what followers must hear is returned.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "meta/allocation_row.h"
#include "meta/run_row.h"
#include "server/environment_gate.h"
#include "server/fence.h"

namespace rw::server {

/// Facts of this server that go into grants.
struct GrantFacts {
  std::string server_url;
  std::string sdk_path;
  std::string blob_dir;
  int64_t finalizing_seconds = 3600;
  std::string data_cache;  // folder of what libraries download once
};

/// One allocation to be made.
struct NewAllocation {
  std::string id;
  std::string secret_hash;
  int64_t compute_row = 0;
  std::string node;
  ReadyEnvironment environment;
};

struct Submission {
  meta::RunRow run;
  std::string new_experiment_id;
  std::map<std::string, std::optional<std::string>> tags;
  std::map<std::string, std::string> properties;
  std::map<std::string, std::string> params;
  std::vector<std::pair<std::string, std::string>> warnings;  // source, message
};

/// The run as the API shows it, in one transaction with its first allocation where there is one.
/// kConflict when the id is taken by another request; `existed` when by the same one.
struct Submitted {
  json::Value run;
  int64_t row = 0;
  bool existed = false;
};
Result<Submitted> InsertSubmission(db::Connection& db, Submission submission,
                                   const std::optional<NewAllocation>& allocation,
                                   const GrantFacts& facts, const FenceClaim& fence);

/// Gives a waiting run its allocation. False: it no longer waits (canceled).
Result<bool> PlaceRun(db::Connection& db, const std::string& run_id,
                      const NewAllocation& allocation, const GrantFacts& facts, int64_t now_us);

/// A run's allocation ends by somebody else's word than its executor's: it is fenced in the same
/// transaction. True where the run's state changed.
Result<bool> FailAttempt(db::Connection& db, const std::string& run_id,
                         const std::string& allocation_id, const json::Value& error,
                         int64_t now_us);

/// Proof of death: the run ends by its exit record where there is one (with `warning`), else it
/// fails.
Result<bool> EndLostRun(db::Connection& db, const std::string& run_id,
                        const std::string& allocation_id, const json::Value& exit_record,
                        const std::string& warning, int64_t now_us);

/// Child runs without processes of their own end with the run that made them. Ids of those that
/// did.
Result<std::vector<std::string>> EndOpenChildren(db::Connection& db, const meta::RunRow& run,
                                                 int64_t now_us);

/// Environment facts of a ready environment: build, Python, warnings, lock file.
Status NoteEnvironment(db::Connection& db, meta::RunRow& run, const ReadyEnvironment& ready,
                       int64_t now_us);

}  // namespace rw::server
