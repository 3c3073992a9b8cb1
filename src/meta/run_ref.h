// The few facts about a run that its files, models and tokens need.
#pragma once

#include <cstdint>
#include <string>

#include "db/connection.h"

namespace rw::meta {

struct RunRef {
  int64_t row = 0;  // the key of its metrics, logs, artifacts
  std::string id;
  std::string workspace_id;
  std::string experiment;
  std::string status;
  std::string snapshot_id;  // "" where it has none
  std::string env_id;
};

/// kNotFound names it.
Result<RunRef> FindRunRef(db::Connection& db, const std::string& run_id);

}  // namespace rw::meta
