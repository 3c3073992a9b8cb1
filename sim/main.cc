// runwright-sim: the simulator's command line.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutant.h"
#include "base/strings.h"
#include "sim/crew.h"

namespace {

struct Mutant {
  const char* name;
  const char* what;
};
constexpr Mutant kMutants[] = {
    {"ack_before_commit", "the writer answers before its COMMIT"},
    {"no_fence", "a second claimant gets the grant of the first"},
    {"no_full_sync", "COMMIT does not wait for the disk"},
    {"no_folder_sync", "a blob's name is not synced after its rename"},
    {"size_before_sync", "a log's size is committed before its bytes are on the disk"},
    {"offset_apart", "a journal's offset is committed after its records, in another transaction"},
    {"repeat_applied", "a repeated piece of a journal is applied again"},
    {"bad_crc_taken", "a journal record whose crc is wrong is taken"},
    {"cancel_told_once", "a cancel whose message is lost is not told again"},
    {"slot_leaked", "the place of a run whose supervisor died is not given back"},
    {"children_left", "child runs stay open when their run ends"},
    {"silence_is_death", "a run whose node is silent is taken for dead"},
    {"claimant_forgotten", "a restarted executor claims under another name"},
    {"silent_process_is_dead", "an interactive run whose process is silent is taken for dead"},
    {"rest_forgotten", "an interactive run whose process died ends without its last points"},
    {"sync_forgets", "`runwright sync` ends a run without sending what its journal holds"},
    {"no_room_is_failure", "a build that finds its disk full fails the runs that wait for it"},
    {"full_disk_acked", "a write that a full disk refused is acknowledged"},
};

int Usage(const std::string& problem) {
  std::fprintf(stderr,
               "runwright-sim: %s\nusage: runwright-sim [--seeds N | --seed N] [--jobs N] "
               "[--mutant NAME|list] [--coverage yes]\n"
               "--coverage yes: name what was hit how often; fail when a fault point never was\n"
               "(SIM_LOG=1: the logs too)\n",
               problem.c_str());
  return 2;
}

bool Known(const std::string& name) {
  for (const Mutant& mutant : kMutants)
    if (name == mutant.name) return true;
  return false;
}

int List() {
  for (const Mutant& mutant : kMutants) std::printf("%s\n", mutant.name);
  return 0;
}

int Run(const rw::sim::Job& job, bool coverage) {
  rw::sim::Report report = rw::sim::RunSeeds(job);
  if (job.first == job.last)
    std::printf("seed=%llu trace=%016llx\n", static_cast<unsigned long long>(job.first),
                static_cast<unsigned long long>(report.trace_hash));
  std::printf("%lld seeds, %lld with violations\n", static_cast<long long>(report.seeds),
              static_cast<long long>(report.failed));
  bool covered = !coverage || rw::sim::PrintCoverage(report.coverage);
  if (!covered) std::printf("some fault points were never hit: they prove nothing\n");
  return report.failed > 0 || !covered ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  rw::sim::Job job;
  std::string planted;
  bool coverage = false;
  for (int i = 1; i < argc; i += 2) {
    std::string name = argv[i];
    if (i + 1 >= argc) return Usage("'" + name + "' needs a value");
    std::string value = argv[i + 1];
    auto number = rw::ParseInt(value);
    if (name == "--mutant") {
      planted = value;
    } else if (name == "--coverage" && value == "yes") {
      coverage = true;
    } else if (name == "--seeds" && number && *number > 0) {
      job.last = static_cast<uint64_t>(*number);
    } else if (name == "--seed" && number && *number > 0) {
      job.first = job.last = static_cast<uint64_t>(*number);
    } else if (name == "--jobs" && number && *number > 0) {
      job.processes = static_cast<int>(*number);
    } else {
      return Usage("'" + name + " " + value + "' is not understood");
    }
  }
  if (planted == "list") return List();
  if (!planted.empty() && !Known(planted))
    return Usage("unknown mutant '" + planted + "'; --mutant list names them");
  // The logs of the simulated processes, for who looks into a violation.
  if (std::getenv("SIM_LOG") == nullptr) rw::log::SetFd(-1);
#ifdef RW_SIM_MUTANTS
  rw::PlantMutant(planted);
#endif
  // A mutant is caught by its first seed; the others would only repeat it.
  job.stop_at_first = !planted.empty();
  return Run(job, coverage);
}
