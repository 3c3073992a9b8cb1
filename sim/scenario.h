// One seed: runs are submitted, claimed, run and shipped while processes die, disks run full,
// clocks jump and messages are lost; then everything heals and the invariants must hold.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "sim/coverage.h"

namespace rw::sim {

struct Outcome {
  std::set<std::string> violated;  // names of invariants, empty when all held
  uint64_t trace_hash = 0;
  Coverage coverage;
};

Outcome RunScenario(uint64_t seed);

}  // namespace rw::sim
