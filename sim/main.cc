// runwright-sim: the simulator's command line.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutant.h"
#include "base/strings.h"
#include "sim/scenario.h"

namespace {

using rw::sim::Outcome;

struct Mutant {
  const char* name;
  const char* what;
};
constexpr Mutant kMutants[] = {
    {"ack_before_commit", "the writer answers before its COMMIT"},
    {"no_fence", "a second claimant gets the grant of the first"},
};

struct Options {
  int64_t seeds = 200;
  int64_t seed = 0;
  std::string mutant;
};

int Usage(const std::string& problem) {
  std::fprintf(stderr,
               "runwright-sim: %s\nusage: runwright-sim [--seeds N | --seed N] [--mutant "
               "NAME|list]   (SIM_LOG=1: the logs too)\n",
               problem.c_str());
  return 2;
}

bool Known(const std::string& name) {
  for (const Mutant& mutant : kMutants)
    if (name == mutant.name) return true;
  return false;
}

/// 0 when every invariant held.
int RunOne(uint64_t seed, Outcome& sum) {
  Outcome outcome = rw::sim::RunScenario(seed);
  sum.server_kills += outcome.server_kills;
  sum.power_losses += outcome.power_losses;
  sum.executor_kills += outcome.executor_kills;
  sum.cuts += outcome.cuts;
  sum.double_starts += outcome.double_starts;
  sum.points += outcome.points;
  sum.trace_hash = outcome.trace_hash;
  for (const std::string& invariant : outcome.violated)
    std::printf("violated: %s seed=%llu trace=%016llx\n", invariant.c_str(),
                static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(outcome.trace_hash));
  return outcome.violated.empty() ? 0 : 1;
}

int Run(const Options& options) {
  Outcome sum;
  int64_t first = options.seed > 0 ? options.seed : 1;
  int64_t last = options.seed > 0 ? options.seed : options.seeds;
  int failed = 0;
  for (int64_t seed = first; seed <= last; seed++) {
    failed += RunOne(static_cast<uint64_t>(seed), sum);
    std::fflush(stdout);
    // A mutant is caught by its first seed; the others would only repeat it.
    if (failed > 0 && !options.mutant.empty()) break;
  }
  if (options.seed > 0)
    std::printf("seed=%lld trace=%016llx\n", static_cast<long long>(options.seed),
                static_cast<unsigned long long>(sum.trace_hash));
  std::printf(
      "%lld seeds, %d with violations; %d points, %d server kills, %d power losses, %d executor "
      "kills, "
      "%d network cuts, %d double starts\n",
      static_cast<long long>(last - first + 1), failed, sum.points, sum.server_kills,
      sum.power_losses, sum.executor_kills, sum.cuts, sum.double_starts);
  return failed > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    std::string name = argv[i];
    if (i + 1 >= argc) return Usage("'" + name + "' needs a value");
    std::string value = argv[i + 1];
    auto number = rw::ParseInt(value);
    if (name == "--mutant") {
      options.mutant = value;
    } else if (name == "--seeds" && number && *number > 0) {
      options.seeds = *number;
    } else if (name == "--seed" && number && *number > 0) {
      options.seed = *number;
    } else {
      return Usage("'" + name + " " + value + "' is not understood");
    }
  }
  if (options.mutant == "list") {
    for (const Mutant& mutant : kMutants) std::printf("%s\n", mutant.name);
    return 0;
  }
  if (!options.mutant.empty() && !Known(options.mutant))
    return Usage("unknown mutant '" + options.mutant + "'; --mutant list names them");
  // The logs of the simulated processes, for who looks into a violation.
  if (std::getenv("SIM_LOG") == nullptr) rw::log::SetFd(-1);
#ifdef RW_SIM_MUTANTS
  rw::PlantMutant(options.mutant);
#endif
  return Run(options);
}
