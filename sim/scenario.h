// One seed: runs are submitted, claimed, run and shipped while processes die and messages are lost;
// then everything heals and the invariants must hold.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace rw::sim {

struct Outcome {
  std::set<std::string> violated;  // names of invariants, empty when all held
  uint64_t trace_hash = 0;
  // What the seed exercised, for the coverage line.
  int server_kills = 0;
  int power_losses = 0;
  int executor_kills = 0;
  int cuts = 0;
  int double_starts = 0;
  int points = 0;
};

Outcome RunScenario(uint64_t seed);

}  // namespace rw::sim
