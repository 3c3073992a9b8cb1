// Many seeds, by several processes.
#pragma once

#include <cstdint>

#include "sim/coverage.h"

namespace rw::sim {

struct Job {
  uint64_t first = 1;
  uint64_t last = 200;
  int processes = 1;
  bool stop_at_first = false;  // each process ends with its first violation
};

struct Report {
  int64_t seeds = 0;
  int64_t failed = 0;
  uint64_t trace_hash = 0;  // of the last seed
  Coverage coverage;
};

/// Prints a line for every violation: "violated: INVARIANT seed=N trace=HASH".
Report RunSeeds(const Job& job);

}  // namespace rw::sim
